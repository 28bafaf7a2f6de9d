"""The audit: a chain of records in which each seals the one before, and what can be wrong with one.

A record's digest covers everything in it, its number and its predecessor's digest among that. So a
changed byte, a record that is missing and two that changed places are found by reading, and nobody can
change a record without changing all that follow. Who could rewrite the whole chain is held to the
exports, and to any digest that somebody wrote down.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import ValidationError

from sshq.domain.model import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sshq.domain.identity import Actor

BEFORE_THE_FIRST = "0" * 64


class Entry(Record):
    """One record: who did what, when, why it was allowed, and the ids under which AWS knows of it.

    `who` is a Slack user's `team/user`, or `sshq` for what the bot did by itself; `aws` holds
    `service:Operation request-id` of the calls that changed something.
    """

    seq: int
    at: datetime
    event: str
    who: str
    facts: dict[str, str]
    request: str = ""
    aws: tuple[str, ...] = ()
    previous: str
    digest: str = ""

    @property
    def line(self) -> str:
        """The record as one line of JSON, always written the same way."""
        body = self.model_dump(mode="json")
        return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def sealed(self) -> Entry:
        """The same with its digest."""
        return self.model_copy(update={"digest": self._digest()})

    @property
    def is_intact(self) -> bool:
        """Whether it is what it was when it was sealed."""
        return self.digest == self._digest()

    def _digest(self) -> str:
        open_ = self.model_copy(update={"digest": ""})
        return hashlib.sha256(open_.line.encode()).hexdigest()


@dataclass(frozen=True)
class Event:
    """What is to be recorded: what happened, through whom (None: the bot itself), about what."""

    name: str
    actor: Actor | None
    facts: Mapping[str, str]

    @property
    def who(self) -> str:
        return self.actor.tag if self.actor else "sshq"


@dataclass(frozen=True)
class Link:
    """An end of the chain: a record's number and digest."""

    seq: int = 0
    digest: str = BEFORE_THE_FIRST


def appended(last: Link, entry: Entry) -> Entry:
    """The entry as the one after `last`."""
    return entry.model_copy(update={"seq": last.seq + 1, "previous": last.digest}).sealed()


class Fault(StrEnum):
    """What is wrong at a place of the chain."""

    ALTERED = "altered"
    """It isn't what it was when it was sealed."""
    MISSING = "missing"
    """There is no record of that number."""
    OUT_OF_PLACE = "out-of-place"
    """It stands where another one belongs."""
    RELINKED = "relinked"
    """It is intact, but doesn't follow from the one before it: that one was replaced."""


@dataclass(frozen=True)
class Finding:
    """A fault and the number of the record that it is about."""

    fault: Fault
    seq: int


@dataclass(frozen=True)
class Verification:
    """How many records were read, the chain's last link, and every fault."""

    records: int = 0
    last: Link = field(default_factory=Link)
    findings: tuple[Finding, ...] = ()


def verify(
    entries: Iterable[Entry | None], *, first: Link | None = None, head: Link | None = None
) -> Verification:
    """Read records in the order in which they stand. None is what can't be read as one at all.

    first : the link before them; without it, a part of the chain is believed in how it begins.
    head : the end as it was noted apart from the chain, so that one that was cut off is found.
    """
    digests = {first.seq: first.digest} if first else {}
    previous: dict[int, str] = {}
    findings: list[Finding] = []
    records, highest = 0, first.seq if first else 0
    for entry in entries:
        records += 1
        if entry is None or not entry.is_intact:
            # Its own number can't be trusted; nor can its link be asked for by the next one.
            highest += 1
            findings.append(Finding(Fault.ALTERED, highest))
            digests[highest] = ""
            continue
        if digests and entry.seq <= highest:
            findings.append(Finding(Fault.OUT_OF_PLACE, entry.seq))
        digests[entry.seq] = entry.digest
        previous[entry.seq] = entry.previous
        highest = max(highest, entry.seq)
    findings += _relinked(digests, previous, head)
    end = max(highest, head.seq if head else 0)
    begin = min(digests, default=1)
    findings += [Finding(Fault.MISSING, n) for n in range(begin, end + 1) if n not in digests]
    last = Link(highest, digests[highest]) if digests else Link()
    return Verification(records, last, tuple(findings))


def _relinked(
    digests: dict[int, str], previous: dict[int, str], head: Link | None
) -> list[Finding]:
    noted = previous | ({head.seq + 1: head.digest} if head else {})
    return [
        Finding(Fault.RELINKED, seq)
        for seq, digest in noted.items()
        if digests.get(seq - 1) not in {None, "", digest}
    ]


def concerns_job(entry: Entry, job: str) -> bool:
    """Whether a record names this job."""
    return entry.facts.get("job") == job


def concerns_person(entry: Entry, user: str) -> bool:
    """Whether a record is of somebody's doing, or about them."""
    return any(tag.partition("/")[2] == user for tag in (entry.who, *entry.facts.values()))


def read_line(line: str) -> Entry | None:
    """A line of an export; None for what isn't a record, or isn't written as records are."""
    try:
        entry = Entry.model_validate_json(line)
    except ValidationError:
        return None
    return entry if entry.line == line else None
