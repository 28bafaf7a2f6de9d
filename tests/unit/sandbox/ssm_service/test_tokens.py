from __future__ import annotations

from sshq_sandbox.ssm_service.tokens import Grant, Tokens


class Seconds:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_token_opens_one_thing_once() -> None:
    tokens = Tokens(60.0, Seconds())
    token = tokens.issue("client", "s-1")
    assert len(token) <= 300
    assert tokens.redeem(token) == Grant("client", "s-1")
    assert tokens.redeem(token) is None
    assert tokens.redeem("made up") is None


def test_a_token_dies_with_time() -> None:
    seconds = Seconds()
    tokens = Tokens(60.0, seconds)
    early, late = tokens.issue("agent", "s-1"), tokens.issue("agent", "s-2")
    seconds.now += 59.9
    assert tokens.redeem(early) is not None
    seconds.now += 0.1
    assert tokens.redeem(late) is None
