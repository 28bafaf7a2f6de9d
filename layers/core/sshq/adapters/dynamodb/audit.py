"""`AUDIT` / number: the chain of what was decided and done; `AUDIT-HEAD`: how far it goes.

The number is the sort key, and a record is written only where none stands: of two writers who read
the same last record one comes first, and the other reads again and follows it. So the chain never
forks, however many write, and none of them waits for a lock that a dead one holds. Record and head are
one transaction; what the record is about may be part of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError
from pydantic import ValidationError

from sshq.adapters.aws_errors import is_conflict, is_passing
from sshq.adapters.dynamodb.items import from_item, to_item
from sshq.adapters.dynamodb.table import ConditionFailedError, Write
from sshq.domain.audit import Entry, Event, Link, appended

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sshq.adapters.aws_trail import AwsTrail
    from sshq.adapters.dynamodb.table import Table
    from sshq.domain.identity import Actor
    from sshq.ports import Clock, Randomness

_PK = "AUDIT"
_HEAD = {"pk": "AUDIT-HEAD", "sk": "HEAD"}
_NEW = "attribute_not_exists(pk)"
_MOST_TRIES = 60
_LONGEST_PAUSE_SECONDS = 1.0


class DynamoAudit:
    """ports.Audit: the chain, and a line in the log for each record."""

    def __init__(self, table: Table, clock: Clock, randomness: Randomness, trail: AwsTrail) -> None:
        self._table = table
        self._clock = clock
        self._randomness = randomness
        self._trail = trail
        self._logger = Logger(child=True)
        self._request = ""
        self._last: Link | None = None

    def begin(self, request: str) -> None:
        self._request = request
        self._trail.take()

    def record(self, event: str, *, actor: Actor | None, **facts: str) -> None:
        self.write_with([Event(event, actor, facts)])

    def write_with(self, events: Sequence[Event], *writes: Write) -> None:
        """Append the events and do the writes, in one transaction: neither is there without the other.

        Raises ConditionFailedError if a condition of the writes failed; `failed` are their numbers.
        """
        trail = self._trail.take()
        entries = [
            Entry(
                seq=0,
                at=self._clock.now(),
                event=event.name,
                who=event.who,
                facts=dict(event.facts),
                request=self._request,
                # They were called for all of these together: the last one tells.
                aws=trail if event is events[-1] else (),
                previous="",
            )
            for event in events
        ]
        self._append(entries, writes)
        for event in events:
            self._logger.info(event.name, extra={"who": event.who, **event.facts})

    def entries(self, *, latest_first: bool = False) -> Iterator[Entry | None]:
        for item in self._table.partition(_PK, latest_first=latest_first):
            yield _read(item)

    def head(self) -> Link | None:
        item = self._table.get(_HEAD["pk"], _HEAD["sk"])
        return Link(item["seq"], item["digest"]) if item else None

    def _append(self, entries: list[Entry], writes: Sequence[Write]) -> None:
        for tries in range(_MOST_TRIES):
            try:
                last = self._last or self._end()
                sealed: list[Entry] = []
                for entry in entries:
                    sealed.append(appended(_link(sealed[-1]) if sealed else last, entry))
                end = _link(sealed[-1])
                records = [Write(to_item(e, _PK, _sk(e.seq)), _NEW) for e in sealed]
                self._table.write_all(*writes, *records, _head(end))
            except ConditionFailedError as error:
                own = frozenset(number for number in error.failed if number < len(writes))
                if own:
                    raise ConditionFailedError(error.stored, own) from error
                # Another writer was first: read the end again. Where the records' numbers were
                # free and the head is further, records were deleted: go on behind them, so that
                # they are missed.
                cut_off = error.failed == {len(writes) + len(entries)}
                self._last = self.head() if cut_off else None
            except ClientError as error:
                # The writes' own caller knows what an error means for them.
                if not is_conflict(error) and (writes or not is_passing(error)):
                    raise
                self._last = None
            else:
                self._last = end
                return
            self._pause(tries)
        raise RuntimeError(f"the audit's end was taken by others {_MOST_TRIES} times in a row")

    def _end(self) -> Link:
        last = next(self._table.partition(_PK, latest_first=True, page=1), None)
        return Link(int(last["sk"]), last["digest"]) if last else Link()

    def _pause(self, tries: int) -> None:
        """Longer each time, and different for everybody, so that they don't meet again."""
        share = int.from_bytes(self._randomness.token(2), "big") / 0x10000
        self._clock.sleep(min(0.02 * 2**tries, _LONGEST_PAUSE_SECONDS) * share)


def _link(entry: Entry) -> Link:
    return Link(entry.seq, entry.digest)


def _head(link: Link) -> Write:
    """Only forward."""
    item = {**_HEAD, "schema": 1, "seq": link.seq, "digest": link.digest}
    return Write(item, "attribute_not_exists(pk) OR seq < :seq", {":seq": link.seq})


def _sk(seq: int) -> str:
    return f"{seq:012d}"


def _read(item: dict[str, Any]) -> Entry | None:
    try:
        entry = from_item(Entry, item, unknown="forbid")
    except ValidationError:
        return None
    # A record under another one's number is intact only in itself.
    return entry if _sk(entry.seq) == item["sk"] else None
