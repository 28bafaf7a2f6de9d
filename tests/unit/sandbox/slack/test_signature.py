from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import Clock, SignatureVerifier

from sshq_sandbox.slack.signature import signature_headers


def test_the_example_of_slacks_documentation() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
        b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
        b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
        b"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = signature_headers("8f742231b10e8888abcd99yyyzzz85a5", body, 1531420618)

    assert headers == {
        "X-Slack-Request-Timestamp": "1531420618",
        "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }


class _Standing(Clock):
    def now(self) -> float:
        return 1795348800.0


@given(st.text("0123456789abcdef", min_size=1), st.text())
def test_slacks_own_verifier_agrees(secret: str, body: str) -> None:
    verifier = SignatureVerifier(secret, clock=_Standing())

    headers = signature_headers(secret, body.encode(), 1795348800)

    assert verifier.is_valid_request(body, dict(headers))
    assert not verifier.is_valid_request(body + " ", dict(headers))
