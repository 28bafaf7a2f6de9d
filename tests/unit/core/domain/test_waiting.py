"""The waiting room's order and pauses."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.identity import Actor
from sshq.domain.jobs import JobShape
from sshq.domain.waiting import (
    LONGEST_PAUSE,
    Cause,
    Pool,
    Turn,
    WaitingRequest,
    first_to_call,
    in_order,
    is_capacity_failure,
    lines,
)
from tests.core_services import START

MEMBERS = [Actor(team="T0001", user=f"U00{letter}") for letter in "ABCDE"]


def entry(number: int, owner: Actor, *, after: int = 0, **shape: Any) -> WaitingRequest:
    return WaitingRequest(
        request=f"{number:064x}",
        correlation="c",
        owner=owner,
        shape=JobShape(**({"instance": "ml.g5.xlarge", "image": "x/y", "hours": 1} | shape)),
        prefix=f"jobs/{number}",
        attempt=1,
        since=START + timedelta(seconds=after),
        cause=Cause.QUOTA,
    )


ENTRIES = st.lists(
    st.tuples(st.sampled_from(MEMBERS), st.integers(0, 100), st.integers(1, 4)), max_size=40
).map(
    lambda rows: [
        entry(number, owner, after=after, count=count)
        for number, (owner, after, count) in enumerate(rows)
    ]
)
RUNNING = st.dictionaries(st.sampled_from([m.tag for m in MEMBERS]), st.integers(0, 10))


@given(ENTRIES, RUNNING)
def test_nobody_is_lost_and_nobody_is_there_twice(
    entries: list[WaitingRequest], running: dict[str, int]
) -> None:
    assert Counter(e.request for e in in_order(entries, running)) == Counter(
        e.request for e in entries
    )


@given(ENTRIES, RUNNING)
def test_a_members_own_requests_keep_their_order(
    entries: list[WaitingRequest], running: dict[str, int]
) -> None:
    ordered = in_order(entries, running)
    for member in MEMBERS:
        own = [e for e in ordered if e.owner == member]
        assert own == sorted(own, key=lambda e: (e.since, e.request))


@given(ENTRIES, RUNNING)
def test_whoever_has_least_comes_first(
    entries: list[WaitingRequest], running: dict[str, int]
) -> None:
    """At each step the one called has, with what was called before, no more than any who waits."""
    has = Counter(running)
    waiting = in_order(entries, running)
    while waiting:
        called = waiting.pop(0)
        assert all(has[called.owner.tag] <= has[other.owner.tag] for other in waiting)
        has[called.owner.tag] += called.shape.count


@given(ENTRIES, RUNNING)
def test_one_more_at_the_end_moves_nobody_who_has_less_or_as_much(
    entries: list[WaitingRequest], running: dict[str, int]
) -> None:
    late = entry(999, MEMBERS[0], after=1000)
    with_late = [e.request for e in in_order([*entries, late], running)]
    with_late.remove(late.request)
    assert with_late == [e.request for e in in_order(entries, running)]


def test_a_pool_is_called_by_its_first_and_only_when_its_pause_is_over() -> None:
    gpu = [entry(1, MEMBERS[0]), entry(2, MEMBERS[1], after=1)]
    spot = entry(3, MEMBERS[0], spot=True)
    in_line = lines([*gpu, spot], {}, [], START)
    failed = Pool(of_pool="ml.g5.xlarge", failures=2, tried_at=START)

    assert set(in_line) == {"ml.g5.xlarge", "ml.g5.xlarge spot"}
    early = first_to_call(in_line, {failed.of_pool: failed}, START + timedelta(seconds=119))
    assert early == [spot]
    later = first_to_call(in_line, {failed.of_pool: failed}, START + timedelta(seconds=120))
    assert later == [gpu[0], spot]


def test_whoever_had_a_turn_lately_goes_behind_those_who_had_none() -> None:
    """Though the job of that turn is over, and though they have waited longest."""
    first, other = entry(1, MEMBERS[0]), entry(2, MEMBERS[1], after=60)
    turn = Turn(of_pool="ml.g5.xlarge", owner=MEMBERS[0].tag, instances=1, had_at=START)
    elsewhere = turn.model_copy(update={"of_pool": "ml.m5.large"})
    soon, next_day = START + timedelta(hours=1), START + timedelta(days=1)

    def order(turns: list[Turn], now: datetime, **running: int) -> list[WaitingRequest]:
        return lines([first, other], {"ml.g5.xlarge": running}, turns, now)["ml.g5.xlarge"]

    assert order([turn], soon) == [other, first]
    assert order([elsewhere], soon) == [first, other]
    assert order([turn], next_day) == [first, other]
    # A turn whose job still runs counts once.
    assert order([turn], soon, **{MEMBERS[0].tag: 1, MEMBERS[1].tag: 1}) == [first, other]


def test_pauses_grow_up_to_ten_minutes_and_end_when_something_becomes_free() -> None:
    pauses = [
        (Pool(of_pool="p", failures=n, tried_at=START).next_try() or START) - START
        for n in (0, 1, 2, 3, 4, 5, 50)
    ]

    assert [pause.total_seconds() for pause in pauses] == [0, 60, 120, 240, 480, 600, 600]
    assert max(pauses) == LONGEST_PAUSE


def test_sagemakers_words_for_no_machine() -> None:
    assert is_capacity_failure("CapacityError: Unable to provision requested ML compute capacity.")
    assert not is_capacity_failure("AlgorithmError: CapacityError is a word of the user's")
    assert not is_capacity_failure("")
