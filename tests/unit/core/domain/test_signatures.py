"""Signed requests: what is covered, and clocks."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sshq.domain.refusals import Reason, Refusal
from sshq.domain.signatures import check_created, check_nonce
from tests.core_services import START


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_clocks_may_differ_by_five_minutes(seconds: int) -> None:
    check_created(START + timedelta(seconds=seconds), START)


@pytest.mark.parametrize(("seconds", "direction"), [(-301, "behind"), (4000, "ahead of")])
def test_more_is_refused_and_said(seconds: int, direction: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_created(START + timedelta(seconds=seconds), START)
    assert refused.value.reason is Reason.CLOCK_SKEW
    assert refused.value.facts == {"seconds": str(abs(seconds)), "direction": direction}


@pytest.mark.parametrize("nonce", ["", "short", "x" * 65])
def test_a_nonce_has_a_size(nonce: str) -> None:
    with pytest.raises(Refusal):
        check_nonce(nonce)
