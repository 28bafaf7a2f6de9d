"""The CA's rotation: what an admin is told to do next."""

from __future__ import annotations

from datetime import timedelta

from sshq.domain.ca_rotation import Step, rotation
from sshq.domain.jobs import Job, JobShape
from tests.core_services import ALICE, START


def a_job(*keys: str) -> Job:
    return Job(
        name="sshq-alice-x",
        owner=ALICE,
        request="r",
        shape=JobShape(instance="ml.m5.large", image="i", hours=1),
        prefix="jobs/x",
        created_at=START,
        phase_since=START,
        cap_seconds=3600,
        deadline=START + timedelta(hours=1),
        ca_keys=keys,
    )


OLD_ONLY, BOTH, UNKNOWN = a_job("arn:a"), a_job("arn:b", "arn:a"), a_job()
KEYS = {"arn:b": "SHA256:new", "arn:a": "SHA256:old"}


def test_one_key_is_steady_and_the_other_slot_comes_next() -> None:
    for setting, following in (("a", "b+a"), ("b", "a+b")):
        found = rotation(setting, {f"arn:{setting}": "SHA256:x"}, [])
        assert (found.step, found.next_setting) == (Step.STEADY, following)


def test_jobs_that_trust_the_old_key_alone_hold_the_rotation_up() -> None:
    found = rotation("b+a", KEYS, [OLD_ONLY, BOTH, UNKNOWN])

    assert (found.step, found.next_setting, found.waiting) == (Step.WAIT, "b", 2)
    assert [(key.fingerprint, key.signs, key.jobs) for key in found.keys] == [
        ("SHA256:new", True, 1),
        ("SHA256:old", False, 2),
    ]


def test_without_them_it_can_be_finished() -> None:
    assert rotation("b+a", KEYS, [BOTH]).step is Step.FINISH
