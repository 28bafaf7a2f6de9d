"""The audit's chain: whatever is done to one record, or to two, is found."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sshq.domain.audit import (
    BEFORE_THE_FIRST,
    Entry,
    Fault,
    Finding,
    Link,
    appended,
    read_line,
    verify,
)
from tests.core_services import START


def chain(length: int) -> list[Entry]:
    """As many records of different content."""
    link, made = Link(), []
    for number in range(length):
        entry = Entry(
            seq=0,
            at=START + timedelta(seconds=number),
            event="ready",
            who="T0001/U0ALICE",
            facts={"job": f"sshq-alice-{number}", "session": "é\n"},
            request="r" * 64,
            aws=("ssm:CreateActivation 1f-2e",),
            previous="",
        )
        made.append(appended(link, entry))
        link = Link(made[-1].seq, made[-1].digest)
    return made


LENGTH = 6
CHAIN = chain(LENGTH)
HEAD = Link(CHAIN[-1].seq, CHAIN[-1].digest)
LINES = [entry.line for entry in CHAIN]
PLACES = st.integers(0, LENGTH - 1)


def findings(lines: list[str], head: Link | None = HEAD) -> tuple[Finding, ...]:
    return verify(map(read_line, lines), first=Link(), head=head).findings


def test_a_chain_that_nobody_touched_is_intact_and_tells_its_end() -> None:
    found = verify(map(read_line, LINES), first=Link(), head=HEAD)
    assert (found.records, found.last, found.findings) == (LENGTH, HEAD, ())
    assert CHAIN[0].previous == BEFORE_THE_FIRST
    assert verify([], first=Link()).findings == ()


@settings(max_examples=300)
@given(PLACES, st.data())
def test_a_flipped_bit_is_found(place: int, data: st.DataObject) -> None:
    raw = bytearray(LINES[place].encode())
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    changed = [*LINES[:place], raw.decode("utf-8", "replace"), *LINES[place + 1 :]]

    assert Finding(Fault.ALTERED, place + 1) in findings(changed)


@given(PLACES)
def test_a_missing_record_is_named_the_last_one_too(place: int) -> None:
    assert findings(LINES[:place] + LINES[place + 1 :]) == (Finding(Fault.MISSING, place + 1),)


@given(PLACES, PLACES)
def test_records_that_changed_places_are_found(one: int, other: int) -> None:
    assume(one < other)
    changed = list(LINES)
    changed[one], changed[other] = changed[other], changed[one]

    assert {finding.fault for finding in findings(changed)} == {Fault.OUT_OF_PLACE}


@given(PLACES)
def test_a_record_that_was_replaced_and_sealed_anew_is_found_at_the_next(place: int) -> None:
    forged = CHAIN[place].model_copy(update={"who": "T0001/U0BOB"}).sealed()
    changed = [*LINES[:place], forged.line, *LINES[place + 1 :]]

    assert findings(changed) == (Finding(Fault.RELINKED, place + 2),)


@given(PLACES)
def test_a_record_that_was_put_in_between_is_found(place: int) -> None:
    again = [*LINES[: place + 1], LINES[place], *LINES[place + 1 :]]
    assert Finding(Fault.OUT_OF_PLACE, place + 1) in findings(again)


@given(st.integers(1, LENGTH - 1), st.integers(1, LENGTH))
def test_a_part_of_the_chain_is_checked_from_where_it_begins(begin: int, end: int) -> None:
    assume(begin < end)
    part = map(read_line, LINES[begin:end])
    assert verify(part).findings == ()
    broken = map(read_line, [*LINES[begin:end], *LINES[end + 1 :]])
    assert bool(verify(broken).findings) is (end < LENGTH - 1)


def test_what_is_no_record_is_none() -> None:
    for line in ("", "{}", "no", LINES[0] + " ", LINES[0].replace('{"at"', '{ "at"')):
        assert read_line(line) is None
