"""How long a job may be made to last."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.extending import extended, longest
from sshq.domain.jobs import Job, JobShape, Phase
from sshq.domain.refusals import Reason, Refusal
from tests.core_services import ALICE, START

HOUR = timedelta(hours=1)


def job(**more: object) -> Job:
    facts = {
        "name": "sshq-alice-w",
        "owner": ALICE,
        "request": "0" * 64,
        "shape": JobShape(instance="ml.m5.large", image="i", hours=8),
        "prefix": "jobs/0",
        "created_at": START,
        "phase_since": START,
        "cap_seconds": 24 * 3600,
        "deadline": START + 8 * HOUR,
        "phase": Phase.READY,
    }
    return Job.model_validate(facts | more)


@given(st.integers(-100 * 60, 100 * 60))
def test_a_deadline_only_moves_on_and_never_beyond_the_cap(minutes: int) -> None:
    before = job()
    until = before.deadline + timedelta(minutes=minutes)
    if before.deadline < until <= longest(before):
        after = extended(before, until, "r1")
        assert (after.deadline, after.deadline_untold) == (until, True)
    else:
        reason = Reason.NOT_LATER if minutes <= 0 else Reason.BEYOND_THE_CAP
        with pytest.raises(Refusal, check=lambda refusal: refusal.reason is reason):
            extended(before, until, "r1")


def test_the_cap_counts_from_when_it_ran() -> None:
    assert longest(job(started_at=START + HOUR)) - longest(job()) == HOUR


def test_the_same_request_again_moves_it_no_further() -> None:
    once = extended(job(), START + 9 * HOUR, "r1")

    assert extended(once, START + 10 * HOUR, "r1") == once


@pytest.mark.parametrize("phase", [Phase.STOPPING, Phase.STOPPED, Phase.FAILED])
def test_what_has_ended_doesnt_go_on(phase: Phase) -> None:
    with pytest.raises(Refusal, check=lambda e: e.reason is Reason.JOB_HAS_ENDED):
        extended(job(phase=phase), START + 9 * HOUR, "r1")
