"""Names and phases of jobs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.identity import slug
from sshq.domain.jobs import NAME_PATTERN, Phase, has_prefix, job_name
from sshq.domain.request_id import request_id

PHASES = st.sampled_from(list(Phase))


@given(
    st.text(max_size=80), st.from_regex(r"[a-z0-9](-?[a-z0-9]){0,23}", fullmatch=True), st.text()
)
def test_a_name_is_one_that_sagemaker_takes(person: str, label: str, trigger: str) -> None:
    name = job_name(
        member_slug=slug(person), label=label, request=request_id("T1", trigger), attempt=1
    )
    assert NAME_PATTERN.match(name)
    assert name.startswith("sshq-")


def test_a_name_follows_from_request_and_attempt() -> None:
    def name(trigger: str, attempt: int) -> str:
        request = request_id("T1", trigger)
        return job_name(member_slug="a", label="b", request=request, attempt=attempt)

    assert name("1", 1) == name("1", 1)
    assert len({name("1", 1), name("1", 2), name("2", 1)}) == 3


@given(st.lists(PHASES))
def test_phases_only_move_forward_and_the_end_is_final(heard: list[Phase]) -> None:
    order = list(Phase)
    phase = Phase.REQUESTED
    for later in heard:
        if phase.may_become(later):
            assert order.index(later) > order.index(phase)
            assert not phase.has_ended
            phase = later


def test_a_job_is_named_by_the_beginning_of_any_of_its_parts() -> None:
    name = "sshq-alice-b-workbench-k3v9qz2a"
    for prefix in ("sshq-al", "alice", "b-work", "workb", "k3v9", name):
        assert has_prefix(name, prefix)
    for other in ("orkbench", "qz2a", "sshq-b", f"{name}x"):
        assert not has_prefix(name, other)
