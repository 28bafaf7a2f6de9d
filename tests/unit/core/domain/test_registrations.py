"""Who of those that registered is a container of the job: decided by what a thief can't choose."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.jobs import Job, JobShape, Node, Phase, Step
from sshq.domain.node_starts import NodeStart
from sshq.domain.records import Result, Stage
from sshq.domain.registrations import (
    Registration,
    Roll,
    Stranger,
    Why,
    at_start,
    have_told,
    when_ready,
)
from tests.core_services import ALICE, START

DOWNLOADING = START + timedelta(minutes=5)
TRAINING = DOWNLOADING + timedelta(minutes=1)
IN_TIME = TRAINING + timedelta(seconds=3)


def job(count: int = 1, nodes: tuple[str, ...] = (), **changes: object) -> Job:
    ready = tuple(Node(rank=rank, id=node) for rank, node in enumerate(nodes))
    plain = Job(
        name="sshq-alice-x",
        owner=ALICE,
        request="r" * 64,
        shape=JobShape(instance="ml.m5.large", image="i", hours=1, count=count),
        prefix="jobs/0",
        phase=Phase.READY if nodes else Phase.PROBING,
        created_at=START,
        phase_since=START,
        cap_seconds=3600,
        deadline=START + timedelta(hours=1),
        nodes=ready,
    )
    return plain.model_copy(update=changes)


def node(name: str, rank: int | None = 0, *, after: timedelta = timedelta(0)) -> Registration:
    return Registration(name, IN_TIME + after, rank)


def says(rank: int, name: str = "") -> NodeStart:
    """A container's record: which node it became, or that it couldn't register."""
    result = Result.OK if name else Result.FAILED
    return NodeStart(rank=rank, stage=Stage.REGISTER, result=result, node=name)


def looked(
    of: Job, *found: Registration, starts: tuple[NodeStart, ...] = (), restarted: bool = False
) -> Roll:
    return at_start(
        of,
        found,
        starts=starts,
        run_since=DOWNLOADING,
        containers_since=TRAINING,
        restarted=restarted,
    )


def test_the_containers_of_a_job_are_its_own() -> None:
    roll = looked(job(2), node("mi-1", 0), node("mi-2", 1), starts=(says(0, "mi-1"),))

    assert roll == Roll(frozenset({"mi-1", "mi-2"}), {})


def test_one_that_registered_before_the_machines_had_the_code_is_early() -> None:
    thief = Registration("mi-9", DOWNLOADING - timedelta(seconds=61), 0)

    assert looked(job(), thief) == Roll(frozenset(), {"mi-9": Why.EARLY})
    assert looked(job(), thief, node("mi-1")).own == {"mi-1"}


def test_clocks_of_two_services_may_differ_by_a_minute() -> None:
    near = Registration("mi-1", DOWNLOADING - timedelta(seconds=59), 0)

    assert looked(job(), near, starts=(says(0, "mi-1"),)) == Roll(frozenset({"mi-1"}), {})


def test_one_from_before_the_containers_ran_waits_for_its_word() -> None:
    """The machine had the code by then, but nobody on it used it yet."""
    first = Registration("mi-1", TRAINING - timedelta(seconds=31), 0)
    soon = Registration("mi-1", TRAINING - timedelta(seconds=29), 0)

    assert looked(job(), first) == Roll(frozenset(), {})
    assert looked(job(), first, starts=(says(0, "mi-1"),)).own == {"mi-1"}
    assert looked(job(), first, starts=(says(0, "mi-2"),)).strangers == {
        "mi-1": Why.NOT_ITS_CONTAINER
    }
    assert looked(job(), soon).own == {"mi-1"}


def test_after_a_restart_the_run_before_s_nodes_are_neither_let_in_nor_an_alarm() -> None:
    old = Registration("mi-0", START, 0)

    assert looked(job(), old, node("mi-1"), restarted=True) == Roll(frozenset({"mi-1"}), {})


def test_of_two_with_one_rank_neither_is_let_in_whoever_came_first() -> None:
    late = node("mi-2", 0, after=timedelta(minutes=3))
    for found in ((node("mi-1"), late), (late, node("mi-1"))):
        roll = looked(job(), *found)

        assert roll == Roll(frozenset(), dict.fromkeys(("mi-1", "mi-2"), Why.IN_DOUBT))


def test_a_record_raises_nobody_s_trust() -> None:
    """Who can write into the log could have written it: the one it names stays in doubt."""
    roll = looked(job(), node("mi-1"), node("mi-2"), starts=(says(0, "mi-1"),))

    assert roll.own == frozenset()
    assert set(roll.strangers.values()) == {Why.IN_DOUBT}


def test_a_doubt_is_about_the_places_that_are_claimed_twice() -> None:
    roll = looked(job(2), node("mi-1", 0), node("mi-2", 1), node("mi-3", 1))

    assert roll.own == {"mi-1"}
    assert set(roll.strangers) == {"mi-2", "mi-3"}


def test_while_one_too_many_has_not_said_its_rank_all_are_in_doubt() -> None:
    assert looked(job(), node("mi-1"), node("mi-2", None)).own == frozenset()
    assert looked(job(2), node("mi-1"), node("mi-2", None)).strangers == {}


def test_whom_the_container_does_not_know_is_kept_out() -> None:
    """The real container came to a full activation, or became another node."""
    for record in (says(0), says(0, "mi-1")):
        roll = looked(job(), node("mi-9"), starts=(record,))

        assert roll == Roll(frozenset(), {"mi-9": Why.NOT_ITS_CONTAINER})


def test_a_rank_that_the_job_has_not_got_is_nobody_s() -> None:
    roll = looked(job(), node("mi-1"), node("mi-9", 7))

    assert roll == Roll(frozenset({"mi-1"}), {"mi-9": Why.NO_SUCH_RANK})


def test_who_was_once_in_doubt_is_not_let_in_when_the_other_goes_offline() -> None:
    doubted = job(strangers=(Stranger(id="mi-1", why=Why.IN_DOUBT, told=True),))

    assert looked(doubted, node("mi-1")).own == frozenset()


def test_a_ready_job_takes_no_more() -> None:
    roll = when_ready(job(1, ("mi-1",)), [node("mi-1", None), node("mi-9", None)])

    assert roll == Roll(frozenset({"mi-1"}), {"mi-9": Why.LATE})


def test_a_ready_job_that_was_restarted_may_have_an_old_node_for_a_while() -> None:
    again = job(1, ("mi-1",), restarts=1, history=(Step(phase=Phase.STARTING, at=DOWNLOADING),))

    roll = when_ready(again, [Registration("mi-0", START), node("mi-9", None)])

    assert roll.strangers == {"mi-9": Why.LATE}


def test_a_late_record_unmasks_one_that_was_let_in() -> None:
    ready = job(2, ("mi-1", "mi-9"), starting=(says(0, "mi-1"), says(1)))

    roll = when_ready(ready, [])

    assert roll == Roll(frozenset({"mi-1"}), {"mi-9": Why.NOT_ITS_CONTAINER})


def test_a_registration_that_failed_names_nobody() -> None:
    """Though somebody else wrote a node's name under that rank before."""
    failed = says(0).model_copy(update={"node": "mi-9"})

    assert when_ready(job(1, ("mi-9",), starting=(failed,)), []).own == frozenset()
    assert have_told([Node(rank=0, id="mi-9")], [failed])
    assert not have_told([Node(rank=0, id="mi-1"), Node(rank=1, id="mi-2")], [failed])


FOUND = st.lists(
    st.builds(
        Registration,
        st.sampled_from([f"mi-{n}" for n in range(6)]),
        st.integers(-200, 200).map(lambda s: DOWNLOADING + timedelta(seconds=s)),
        st.none() | st.integers(0, 4),
    ),
    max_size=6,
    unique_by=lambda each: each.id,
)
SAID = st.lists(st.builds(says, st.integers(0, 3), st.sampled_from(["", "mi-0", "mi-1"])))


@given(FOUND, SAID, st.integers(1, 3), st.booleans())
def test_never_more_are_let_in_than_the_job_has_nor_two_for_a_place(
    found: list[Registration], said: list[NodeStart], count: int, restarted: bool
) -> None:
    roll = looked(job(count), *found, starts=tuple(said), restarted=restarted)
    without = looked(job(count), *found, restarted=restarted)

    ranks = [each.rank for each in found if each.id in roll.own and each.rank is not None]
    assert len(ranks) == len(set(ranks)) <= count
    assert len(roll.own) <= count
    assert not roll.own & set(roll.strangers)
    late = {each.id for each in found if each.registered_at >= TRAINING}
    assert roll.own & late <= without.own
