"""The waiting room in the table: entries, pauses and turns, whoever writes at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from sshq.domain.jobs import JobShape
from sshq.domain.waiting import REMEMBERED, Cause, Turn, WaitingRequest
from tests.core_aws import NOW
from tests.core_services import ALICE, BOB

if TYPE_CHECKING:
    from sshq.composition import Live
    from sshq.domain.identity import Actor

POOL = "ml.g5.xlarge"


def entry(owner: Actor, number: int = 0, *, count: int = 1) -> WaitingRequest:
    return WaitingRequest(
        request=f"{number:064x}",
        correlation="c",
        owner=owner,
        shape=JobShape(instance=POOL, image="x/y:1", hours=1, count=count),
        prefix="jobs/" + "0" * 40,
        attempt=2,
        since=NOW,
        cause=Cause.QUOTA,
    )


def turns(live: Live) -> dict[str, Turn]:
    return {turn.owner: turn for turn in live.waiting_room.all()[2]}


def test_an_entry_is_there_once_until_it_leaves(live: Live) -> None:
    room, first = live.waiting_room, entry(ALICE, 1)

    assert room.add(first) == (first, True)
    assert room.add(first.model_copy(update={"detail": "again"})) == (first, False)
    moved = first.model_copy(update={"attempt": 3})
    assert not room.replace(moved, attempt=1)
    assert room.replace(moved, attempt=2)
    assert room.get(first.request) == moved
    assert room.all()[0] == [moved]
    room.remove(first.request, attempt=2)
    assert room.get(first.request) == moved
    room.remove(first.request, attempt=3)
    assert room.get(first.request) is None
    room.remove(first.request, attempt=3)


def test_a_place_is_noted_unless_the_request_has_moved_on(live: Live) -> None:
    room, first = live.waiting_room, entry(ALICE, 1)
    room.add(first)

    assert room.note_place(first, 3)
    shown = first.model_copy(update={"shown_place": 3})
    assert room.get(first.request) == shown
    other = first.shape.model_copy(update={"instance": "ml.g4dn.xlarge"})
    taken = first.model_copy(update={"shape": other})
    assert room.replace(taken, attempt=2)
    assert not room.note_place(first, 1)
    assert room.get(first.request) == taken
    room.remove(first.request, attempt=2)
    assert not room.note_place(taken, 1)


def test_turns_are_counted_and_forgotten_after_a_day_without_any(live: Live) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: live.waiting_room.count_turn(entry(ALICE), NOW), range(8)))
    live.waiting_room.count_turn(entry(BOB, count=3), NOW)

    assert {tag: turn.instances for tag, turn in turns(live).items()} == {ALICE.tag: 8, BOB.tag: 3}
    later = NOW + REMEMBERED - timedelta(minutes=1)
    live.waiting_room.count_turn(entry(ALICE), later)
    live.waiting_room.count_turn(entry(BOB), later + timedelta(hours=1))
    assert turns(live)[ALICE.tag] == Turn(of_pool=POOL, owner=ALICE.tag, instances=9, had_at=later)
    assert turns(live)[BOB.tag].instances == 1


def test_a_pools_pauses_grow_once_a_try_and_end_when_something_is_free(live: Live) -> None:
    room = live.waiting_room
    for minutes in (0, 0, 1):
        room.tried_in_vain(POOL, NOW + timedelta(minutes=minutes))

    assert room.all()[1][POOL].failures == 2
    room.let_in(POOL)
    assert room.all()[1][POOL].next_try() is None
