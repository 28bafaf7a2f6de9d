"""`AUDIT` / number: the chain of what was decided and done; `AUDIT-HEAD`: how far it goes.

The number is the sort key, and a record is written only where none stands: of two writers who read
the same last record one comes first, and the other reads again and follows it. So the chain never
forks, however many write, and none of them waits for a lock that a dead one holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError
from pydantic import ValidationError

from sshq.adapters.aws_errors import is_passing
from sshq.adapters.dynamodb.items import from_item, to_item
from sshq.adapters.dynamodb.table import ConditionFailedError
from sshq.domain.audit import Entry, Link, appended

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sshq.adapters.aws_trail import AwsTrail
    from sshq.adapters.dynamodb.table import Table
    from sshq.domain.identity import Actor
    from sshq.ports import Clock, Randomness

_PK = "AUDIT"
_HEAD = {"pk": "AUDIT-HEAD", "sk": "HEAD"}
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
        who = actor.tag if actor else "sshq"
        entry = Entry(
            seq=0,
            at=self._clock.now(),
            event=event,
            who=who,
            facts=facts,
            request=self._request,
            aws=self._trail.take(),
            previous="",
        )
        self._append(entry)
        self._logger.info(event, extra={"who": who, **facts})

    def entries(self, *, latest_first: bool = False) -> Iterator[Entry | None]:
        for item in self._table.partition(_PK, latest_first=latest_first):
            yield _read(item)

    def head(self) -> Link | None:
        item = self._table.get(_HEAD["pk"], _HEAD["sk"])
        return Link(item["seq"], item["digest"]) if item else None

    def _append(self, entry: Entry) -> None:
        for tries in range(_MOST_TRIES):
            try:
                sealed = appended(self._last or self._end(), entry)
                self._table.put(
                    to_item(sealed, _PK, _sk(sealed.seq)),
                    condition="attribute_not_exists(pk)",
                )
            except ConditionFailedError:
                # Another writer was first: read the end again.
                self._last = None
            except ClientError as error:
                if not is_passing(error):
                    raise
            else:
                self._last = Link(sealed.seq, sealed.digest)
                self._note_head(self._last)
                return
            self._pause(tries)
        raise RuntimeError(f"the audit's end was taken by others {_MOST_TRIES} times in a row")

    def _end(self) -> Link:
        last = next(self._table.partition(_PK, latest_first=True, page=1), None)
        return Link(int(last["sk"]), last["digest"]) if last else Link()

    def _note_head(self, link: Link) -> None:
        """Only forward. A head that is behind is no harm: the next record brings it up."""
        item: dict[str, Any] = {**_HEAD, "schema": 1, "seq": link.seq, "digest": link.digest}
        try:
            self._table.put(
                item,
                condition="attribute_not_exists(pk) OR seq < :seq",
                values={":seq": link.seq},
            )
        except ConditionFailedError:
            pass
        except ClientError as error:
            if not is_passing(error):
                raise

    def _pause(self, tries: int) -> None:
        """Longer each time, and different for everybody, so that they don't meet again."""
        share = int.from_bytes(self._randomness.token(2), "big") / 0x10000
        self._clock.sleep(min(0.02 * 2**tries, _LONGEST_PAUSE_SECONDS) * share)


def _sk(seq: int) -> str:
    return f"{seq:012d}"


def _read(item: dict[str, Any]) -> Entry | None:
    try:
        entry = from_item(Entry, item)
    except ValidationError:
        return None
    # A record under another one's number is intact only in itself.
    return entry if _sk(entry.seq) == item["sk"] else None
