"""What sshq-local sends, the access API's own domain code accepts: tickets, keys and signatures."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from sshq.domain import tickets
from sshq.domain.access import RedeemBody
from sshq.domain.request_signatures import SignedRequest, verify
from sshq_local.keys import public_key_line
from sshq_local.signing import signature_headers
from sshq_local.ticket import parse_ticket

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@given(st.binary(max_size=100), st.sampled_from(["GET", "POST", "DELETE"]))
def test_a_signature_is_accepted_for_its_key(body: bytes, method: str) -> None:
    path, created = "/v1/leases/abc234/sessions/s-1", 1_795_000_000
    headers = signature_headers(
        KEY, key_id="abc234", method=method, path=path, body=body, created=created, nonce="n" * 32
    )
    request = SignedRequest(method=method, path=path, headers=headers, body=body)
    found = verify(request, {"abc234": public_key_line(KEY)}.get)
    assert (found.key_id, found.nonce, found.created.timestamp()) == ("abc234", "n" * 32, created)


@given(st.binary(min_size=20, max_size=20))
def test_a_ticket_as_the_bot_writes_it_is_read(entropy: bytes) -> None:
    code = tickets.ticket_code(entropy)
    ticket = parse_ticket(tickets.ticket_text("abc.execute-api.eu-west-1.amazonaws.com", code))
    assert ticket.code == code == tickets.normalise(ticket.code)
    body = {"ticket": ticket.code, "public_key": public_key_line(KEY)}
    assert RedeemBody.model_validate(body).ticket == code
