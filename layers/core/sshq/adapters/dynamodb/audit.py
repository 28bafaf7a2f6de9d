"""`AUDIT#day`: what was decided and done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from sshq.adapters.dynamodb.items import iso

if TYPE_CHECKING:
    from sshq.adapters.dynamodb.table import Table
    from sshq.domain.identity import Actor
    from sshq.ports import Clock, Randomness


class DynamoAudit:
    """ports.Audit: an item that is never overwritten, and a line in the log."""

    def __init__(self, table: Table, clock: Clock, randomness: Randomness) -> None:
        self._table = table
        self._clock = clock
        self._randomness = randomness
        self._logger = Logger(child=True)

    def record(self, event: str, *, actor: Actor | None, **facts: str) -> None:
        now = iso(self._clock.now())
        who = actor.tag if actor else "sshq"
        self._table.put(
            {
                "pk": f"AUDIT#{now[:10]}",
                "sk": f"{now}#{self._randomness.token(8).hex()}",
                "schema": 1,
                "event": event,
                "who": who,
                "facts": facts,
            },
            condition="attribute_not_exists(pk)",
        )
        self._logger.info(event, extra={"who": who, **facts})
