"""The general library is the oracle: what our forty lines sign, it must accept, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    algorithms,
)
from hypothesis import given
from hypothesis import strategies as st

from sshq_local.signing import signature_headers

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
TOKENS = st.text(alphabet="abcXYZ019_-", min_size=1, max_size=40)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def url(self) -> str:
        return f"https://sshq.invalid{self.path}{self.query and '?' + self.query}"


class Keys(HTTPSignatureKeyResolver):
    def resolve_public_key(self, key_id: str) -> Any:
        return KEY.public_key()


class Verifier(HTTPMessageVerifier):
    max_clock_skew = timedelta(days=40_000)


def verify(request: Request) -> dict[str, Any]:
    results = Verifier(signature_algorithm=algorithms.ED25519, key_resolver=Keys()).verify(
        request,
        max_age=None,
        require_components=(
            "@method",
            "@path",
            "content-digest",
            *(["@query"] if request.query else []),
        ),
        body=request.body,
    )
    return dict(results[0].parameters)


def signed(
    method: str, path: str, body: bytes, *, created: int, nonce: str, key_id: str, query: str = ""
) -> Request:
    headers = signature_headers(
        KEY,
        key_id=key_id,
        method=method,
        path=path,
        query=query,
        body=body,
        created=created,
        nonce=nonce,
    )
    return Request(method, path, query, headers, body)


@given(
    st.sampled_from(["GET", "POST", "DELETE"]),
    st.lists(TOKENS, min_size=1, max_size=4).map("/".join),
    st.sampled_from(["", "tail=20", "after=a%2Fb%3D%3D", "tail=1&after=x"]),
    st.binary(max_size=200),
    st.tuples(st.integers(min_value=1, max_value=1 << 31), TOKENS, TOKENS),
)
def test_the_library_accepts_what_we_sign(
    method: str, path: str, query: str, body: bytes, said: tuple[int, str, str]
) -> None:
    created, nonce, key_id = said
    parameters = verify(
        signed(method, f"/{path}", body, created=created, nonce=nonce, key_id=key_id, query=query)
    )
    assert (parameters["created"], parameters["nonce"]) == (created, nonce)
    assert (parameters["keyid"], parameters["alg"]) == (key_id, "ed25519")


def test_a_changed_request_is_not_what_was_signed() -> None:
    request = signed(
        "POST", "/v1/redeem", b"{}", created=1_700_000_000, nonce="n", key_id="k", query="a=1"
    )
    verify(request)
    other_nonce = request.headers["Signature-Input"].replace('nonce="n"', 'nonce="m"')
    for changed in (
        replace(request, method="GET"),
        replace(request, path="/v1/leases/x"),
        replace(request, query="a=2"),
        replace(request, body=b"{ }"),
        replace(request, headers={**request.headers, "Signature-Input": other_nonce}),
    ):
        with pytest.raises(HTTPMessageSignaturesException):
            verify(changed)
