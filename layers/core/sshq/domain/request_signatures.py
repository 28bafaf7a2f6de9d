"""HTTP Message Signatures (RFC 9421) on what clients send: Ed25519 over method, path, query and digest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    algorithms,
)

from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REQUIRED = ("@method", "@path", "content-digest")
_WITH_QUERY = (*REQUIRED, "@query")


@dataclass(frozen=True)
class SignedRequest:
    """A request as it came in. `path` is the encoded path, `query` what follows its "?"."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    query: str = ""

    @property
    def url(self) -> str:
        # The authority isn't signed (a custom domain or a proxy may change it): any will do.
        return f"https://sshq.invalid{self.path}{'?' + self.query if self.query else ''}"


@dataclass(frozen=True)
class Signature:
    """What a valid signature said of itself. `covered`: the values that it signs, by component."""

    key_id: str
    created: datetime
    nonce: str
    covered: Mapping[str, str]


def verify(request: SignedRequest, public_key_of: Callable[[str], str | None]) -> Signature:
    """The one signature of a request, or a refusal. `public_key_of` maps keyid to an OpenSSH line.

    Whether `created` is near enough and the nonce new is the caller's to decide.
    """
    try:
        results = _Verifier(
            signature_algorithm=algorithms.ED25519, key_resolver=_Keys(public_key_of)
        ).verify(
            request,
            max_age=None,
            require_components=_WITH_QUERY if request.query else REQUIRED,
            body=request.body,
        )
    except (HTTPMessageSignaturesException, ValueError) as error:
        raise Refusal(Reason.BAD_SIGNATURE) from error
    parameters = results[0].parameters
    if len(results) != 1 or not parameters.get("nonce"):
        raise Refusal(Reason.BAD_SIGNATURE)
    return Signature(
        key_id=str(parameters["keyid"]),
        created=datetime.fromtimestamp(int(parameters["created"]), UTC),
        nonce=str(parameters["nonce"]),
        covered={name.strip('"'): text for name, text in results[0].covered_components.items()},
    )


class _Verifier(HTTPMessageVerifier):
    """Our own rule on clocks (domain.signatures) says by how much they differ, so it isn't the library's."""

    max_clock_skew = timedelta(days=36500)


class _Keys(HTTPSignatureKeyResolver):
    def __init__(self, public_key_of: Callable[[str], str | None]) -> None:
        self._public_key_of = public_key_of

    def resolve_public_key(self, key_id: str) -> Any:  # noqa: ANN401  the library's own type
        line = self._public_key_of(key_id)
        if line is None:
            return None
        key = load_ssh_public_key(line.encode())
        return key if isinstance(key, Ed25519PublicKey) else None
