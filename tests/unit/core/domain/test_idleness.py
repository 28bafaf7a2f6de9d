"""Idleness: nobody is ended who works, or might, or wasn't warned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sshq.domain.idleness import (
    SILENT_AFTER,
    Idle,
    Idleness,
    Verdict,
    judged,
    observed,
    warning_time,
)
from sshq.domain.records import StageRecord, parse_record
from tests.job_lives import record

READY = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
QUIET: dict[str, Any] = {
    "seconds": 60, "logins": 1, "bytes": 0, "typing": 0, "cpu": 1, "gpu": 0, "load": 0.1,
}  # fmt: skip
BUSY = [
    {"typing": 1},
    {"bytes": 1},
    {"cpu": 10},
    {"gpu": 5},
    {"load": 0.5},
    *({name: None} for name in ("typing", "bytes", "cpu", "gpu", "load", "logins")),
]
minutes = st.lists(st.sampled_from([{}, {}, {}, {}, None, *BUSY]), min_size=1, max_size=80)
limits = st.integers(3, 60).map(lambda number: number * MINUTE)


def told(minute: int, facts: dict[str, Any], rank: int = 0) -> StageRecord:
    """What a node says at the end of a minute (1 = the first)."""
    at = READY + minute * MINUTE
    found = parse_record(record("activity", rank=rank, at=at, **QUIET | facts))
    assert found is not None
    return found


def story(told_minutes: list[dict[str, Any] | None]) -> list[StageRecord]:
    return [told(n, facts) for n, facts in enumerate(told_minutes, 1) if facts is not None]


def judge(idleness: Idleness, minute: int, limit: timedelta, **more: Any) -> Idle:
    facts: dict[str, Any] = {"count": 1, "kept_until": None} | more
    return judged(idleness, limit=limit, now=READY + minute * MINUTE, **facts)


@settings(deadline=None)
@given(minutes, limits)
def test_idle_time_is_what_was_told_to_be_quiet_without_a_break(
    told_minutes: list[dict[str, Any] | None], limit: timedelta
) -> None:
    quiet = 0
    for facts in told_minutes:
        quiet = quiet + 1 if facts == {} else 0
    idle = judge(observed(Idleness(), story(told_minutes)), len(told_minutes), limit)

    if told_minutes[-1] is None:
        assert idle.since <= len(told_minutes) * MINUTE
    else:
        assert idle.since == quiet * MINUTE


@settings(deadline=None)
@given(minutes, st.lists(st.integers(0, 80), max_size=6))
def test_how_often_the_log_is_read_does_not_matter(
    told_minutes: list[dict[str, Any] | None], cuts: list[int]
) -> None:
    records = story(told_minutes)
    at_once = observed(Idleness(), records)
    in_parts = Idleness()
    for first, last in zip([0, *sorted(cuts)], [*sorted(cuts), len(records)], strict=True):
        in_parts = observed(in_parts, records[max(0, first - 3) : last])

    assert in_parts == at_once


@settings(deadline=None)
@given(minutes, limits, st.integers(0, 79), st.sampled_from(BUSY))
def test_more_work_never_ends_a_job_sooner(
    told_minutes: list[dict[str, Any] | None],
    limit: timedelta,
    where: int,
    work: dict[str, Any],
) -> None:
    busier = list(told_minutes)
    busier[where % len(busier)] = work
    now = len(told_minutes)
    less = judge(observed(Idleness(), story(told_minutes)), now, limit)
    more = judge(observed(Idleness(), story(busier)), now, limit)

    # A minute that nobody told of may have been quiet; one that was told of fills the gap.
    if told_minutes[where % len(busier)] is not None:
        assert more.since <= less.since


@settings(deadline=None)
@given(minutes, st.sets(st.integers(0, 79)), st.integers(0, 10))
def test_a_record_that_is_late_or_lost_makes_nothing_idler(
    told_minutes: list[dict[str, Any] | None], lost: set[int], later: int
) -> None:
    """Than it was when its node was last heard: of work that is still to be told of nobody knows."""
    now = len(told_minutes) + later
    rest = [None if place in lost else facts for place, facts in enumerate(told_minutes)]
    while rest and rest[-1] is None:
        rest.pop()
    all_heard = judge(observed(Idleness(), story(told_minutes[: len(rest)])), now, 5 * MINUTE)
    less_heard = judge(observed(Idleness(), story(rest)), now, 5 * MINUTE)

    assert less_heard.since <= all_heard.since


@settings(deadline=None)
@given(minutes, st.sampled_from(BUSY))
def test_time_alone_makes_nothing_idle(
    told_minutes: list[dict[str, Any] | None], work: dict[str, Any]
) -> None:
    """Only minutes that were told of do: after work, waiting for the next record isn't idling."""
    found = observed(Idleness(), story([*told_minutes, work]))

    for later in range(30):
        now = len(told_minutes) + 1 + later
        assert judge(found, now, 5 * MINUTE).verdict is Verdict.ACTIVE


@settings(deadline=None)
@given(minutes, limits)
def test_nobody_is_ended_without_a_warning(
    told_minutes: list[dict[str, Any] | None], limit: timedelta
) -> None:
    found = observed(Idleness(), story(told_minutes))

    assert judge(found, len(told_minutes), limit).verdict is not Verdict.STOP
    just_now = found.model_copy(update={"warned_at": READY + len(told_minutes) * MINUTE})
    if warning_time(limit) > MINUTE:
        assert judge(just_now, len(told_minutes), limit).verdict is not Verdict.STOP


@settings(deadline=None)
@given(limits)
def test_a_warning_is_given_in_time_and_then_the_end_comes(limit: timedelta) -> None:
    count, found = int(limit / MINUTE), Idleness()
    for minute in range(1, count + 1):
        found = observed(found, [told(minute, {})])
        if found.warned_at is None and judge(found, minute, limit).verdict is Verdict.WARN:
            assert MINUTE <= limit - minute * MINUTE <= 5 * MINUTE
            found = found.model_copy(update={"warned_at": READY + minute * MINUTE})

    assert judge(found, count, limit).verdict is Verdict.STOP


def test_a_node_that_falls_silent_is_not_idle() -> None:
    found = observed(Idleness(), story([{}] * 30))
    silent = int(SILENT_AFTER / MINUTE)

    assert judge(found, 30 + silent, 20 * MINUTE).since == 30 * MINUTE
    assert judge(found, 31 + silent, 20 * MINUTE).verdict is Verdict.ACTIVE


def test_all_nodes_must_be_quiet_and_heard() -> None:
    records = [told(n, {}, rank) for n in range(1, 31) for rank in (0, 1)]
    both = observed(Idleness(), records)
    one_late = observed(Idleness(), [r for r in records if r.rank == 0 or r.at > records[20].at])

    assert judge(both, 30, 20 * MINUTE, count=2).since == 30 * MINUTE
    assert judge(both, 30, 20 * MINUTE, count=3).since == timedelta(0)
    assert judge(one_late, 30, 20 * MINUTE, count=2).since < 30 * MINUTE


def test_kept_time_is_no_idle_time() -> None:
    found = observed(Idleness(), story([{}] * 30))
    kept = READY + 20 * MINUTE

    assert judge(found, 30, 20 * MINUTE, kept_until=kept).since == 10 * MINUTE
    assert judge(found, 30, 20 * MINUTE, kept_until=READY + 60 * MINUTE).since == timedelta(0)


def test_a_new_login_is_somebody_and_one_that_stays_is_not() -> None:
    found = observed(Idleness(), [told(1, {}), told(2, {"logins": 2}), told(3, {"logins": 2})])
    assert judge(found, 3, 20 * MINUTE).since == MINUTE


def test_without_a_limit_nobody_is_warned() -> None:
    found = observed(Idleness(), story([{}] * 80))
    assert judge(found, 80, timedelta(0)).verdict is Verdict.ACTIVE
