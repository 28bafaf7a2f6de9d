from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sshq_local.errors import Reason, Refusal
from sshq_local.known_apis import KnownApis
from sshq_local.ticket import Ticket

if TYPE_CHECKING:
    from pathlib import Path

NOW = "2026-11-22T12:00:00+00:00"


def ticket(host: str) -> Ticket:
    return Ticket(host=host, code="0" * 32)


@pytest.fixture
def known(tmp_path: Path) -> KnownApis:
    return KnownApis(tmp_path / "known_apis.json")


def test_the_first_use_is_shown_and_later_ones_are_silent(known: KnownApis) -> None:
    assert "a.example" in known.admit(ticket("a.example"), accept_new=False, now=NOW)
    assert known.admit(ticket("a.example"), accept_new=False, now=NOW) == ""


def test_another_api_is_refused_until_it_is_accepted(known: KnownApis) -> None:
    known.admit(ticket("a.example"), accept_new=False, now=NOW)
    for _ in range(2):  # a refusal isn't a first meeting
        with pytest.raises(Refusal) as refused:
            known.admit(ticket("b.example"), accept_new=False, now=NOW)
        assert refused.value.reason == Reason.UNKNOWN_API
        assert "b.example" in refused.value.what
    assert known.admit(ticket("b.example"), accept_new=True, now=NOW)
    assert known.admit(ticket("b.example"), accept_new=False, now=NOW) == ""
    assert known.admit(ticket("a.example"), accept_new=False, now=NOW) == ""


def test_another_port_is_another_api(known: KnownApis) -> None:
    known.admit(ticket("a.example"), accept_new=False, now=NOW)
    with pytest.raises(Refusal):
        known.admit(ticket("a.example:8443"), accept_new=False, now=NOW)


def test_a_sandbox_is_shown_each_time_and_never_counted(known: KnownApis) -> None:
    for port in (8700, 8701):
        assert "sandbox" in known.admit(ticket(f"127.0.0.1:{port}"), accept_new=False, now=NOW)
    assert "First use" in known.admit(ticket("a.example"), accept_new=False, now=NOW)
