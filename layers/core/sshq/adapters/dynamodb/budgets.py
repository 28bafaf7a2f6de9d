"""`BUDGET#scope#month`: what is set aside and what is spent, written together with the job itself.

An item has `committed` (reservations of open jobs and costs of ended ones) and `spent`, both in
micro-dollars. Scopes: a member (`team/user`) and `team`. `BUDGET#member#jobs` counts open jobs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from sshq.adapters.dynamodb.items import from_item
from sshq.adapters.dynamodb.jobs import job_key, new_item
from sshq.adapters.dynamodb.table import Act, ConditionFailedError, Table, Write
from sshq.domain.budgets import Ledger
from sshq.domain.jobs import Job

if TYPE_CHECKING:
    from sshq.domain.identity import Actor
    from sshq.ports import Clock

_SK = "BUDGET"
_TEAM = "team"
# Two runs at the same instant meet at the team's item; DynamoDB then cancels one of them.
_MOST_TRIES = 12
_PAUSE_SECONDS = 0.05


class DynamoBudgets:
    """ports.Budgets"""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def ledger(self, owner: Actor, month: str) -> Ledger:
        def number(pk: str, name: str) -> int:
            return int((self._table.get(pk, _SK) or {}).get(name, 0))

        return Ledger(
            member=number(_pk(owner.tag, month), "committed"),
            team=number(_pk(_TEAM, month), "committed"),
            jobs=number(_jobs(owner), "jobs"),
        )

    def commit(
        self, job: Job, *, member_limit: int | None, team_limit: int | None, max_jobs: int | None
    ) -> tuple[Job, bool] | None:
        amount, month = job.reserved_micros, job.budget_month
        limits = (member_limit, team_limit)
        if any(limit is not None and limit < amount for limit in limits):
            return self._stored(job)
        writes = (
            Write(new_item(job), condition="attribute_not_exists(pk)"),
            _set_aside(_pk(job.owner.tag, month), amount, member_limit),
            _set_aside(_pk(_TEAM, month), amount, team_limit),
            _count_job(job.owner, max_jobs),
        )
        try:
            self._transact(*writes)
        except ConditionFailedError:
            return self._stored(job)
        return job, True

    def settle(self, job: Job, cost: int) -> bool:
        rest = cost - job.reserved_micros
        month = job.budget_month
        pay = "ADD committed :rest, spent :cost"
        values = {":rest": rest, ":cost": cost}
        try:
            self._transact(
                Write(
                    _keys(*job_key(job.name)),
                    act=Act.UPDATE,
                    update="SET accounted = :yes, cost_micros = :cost ADD version :one",
                    condition="accounted = :no",
                    values={":yes": True, ":no": False, ":cost": cost, ":one": 1},
                ),
                Write(_keys(_pk(job.payer.tag, month)), act=Act.UPDATE, update=pay, values=values),
                Write(_keys(_pk(_TEAM, month)), act=Act.UPDATE, update=pay, values=values),
                Write(
                    _keys(_jobs(job.payer)),
                    act=Act.UPDATE,
                    update="ADD jobs :less",
                    values={":less": -1},
                ),
            )
        except ConditionFailedError:
            return False
        return True

    def _stored(self, job: Job) -> tuple[Job, bool] | None:
        """The job if it is there already; if not, it was a limit that didn't hold."""
        item = self._table.get(*job_key(job.name))
        return (from_item(Job, item), False) if item else None

    def _transact(self, *writes: Write) -> None:
        for attempt in range(_MOST_TRIES):
            try:
                self._table.write_all(*writes)
            except ClientError as error:
                reasons = error.response.get("CancellationReasons", [])
                conflict = any(reason.get("Code") == "TransactionConflict" for reason in reasons)
                if not conflict or attempt == _MOST_TRIES - 1:
                    raise
                self._clock.sleep(_PAUSE_SECONDS * (attempt + 1))
            else:
                return


def _set_aside(pk: str, amount: int, limit: int | None) -> Write:
    if limit is None:
        return Write(
            _keys(pk), act=Act.UPDATE, update="ADD committed :amount", values={":amount": amount}
        )
    return Write(
        _keys(pk),
        act=Act.UPDATE,
        update="ADD committed :amount",
        condition="attribute_not_exists(committed) OR committed <= :room",
        values={":amount": amount, ":room": limit - amount},
    )


def _count_job(owner: Actor, most: int | None) -> Write:
    if most is None:
        return Write(
            _keys(_jobs(owner)), act=Act.UPDATE, update="ADD jobs :one", values={":one": 1}
        )
    return Write(
        _keys(_jobs(owner)),
        act=Act.UPDATE,
        update="ADD jobs :one",
        condition="attribute_not_exists(jobs) OR jobs < :most",
        values={":one": 1, ":most": most},
    )


def _pk(scope: str, month: str) -> str:
    return f"BUDGET#{scope}#{month}"


def _jobs(owner: Actor) -> str:
    return f"BUDGET#{owner.tag}#jobs"


def _keys(pk: str, sk: str = _SK) -> dict[str, str]:
    return {"pk": pk, "sk": sk}
