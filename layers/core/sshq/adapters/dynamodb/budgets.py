"""`BUDGET#month`: what is set aside and what is spent, written together with the job itself.

An item for each member (`team/user`) and one for the `team`: `committed` (reservations of open jobs
and costs of ended ones) and `spent`, in micros; a member's also counts `jobs` and `unpriced`
ones. `BUDGET#member#jobs` counts open jobs.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sshq.adapters.dynamodb.items import from_item
from sshq.adapters.dynamodb.jobs import job_key, new_item
from sshq.adapters.dynamodb.table import Act, ConditionFailedError, Table, Write
from sshq.domain.budgets import Ledger, Spending, jobs_less
from sshq.domain.identity import Actor
from sshq.domain.jobs import Job

if TYPE_CHECKING:
    from collections.abc import Mapping

_BUDGET = "BUDGET"
_TEAM = "team"


class DynamoBudgets:
    """ports.Budgets"""

    def __init__(self, table: Table) -> None:
        self._table = table

    def ledger(self, owner: Actor, month: str) -> Ledger:
        def number(keys: Mapping[str, str], name: str) -> int:
            return int((self._table.get(keys["pk"], keys["sk"]) or {}).get(name, 0))

        return Ledger(
            member=number(_month(owner.tag, month), "committed"),
            team=number(_month(_TEAM, month), "committed"),
            jobs=number(_jobs(owner), "jobs"),
        )

    def spendings(self, month: str) -> list[Spending]:
        return [
            Spending(
                owner=Actor.from_tag(item["sk"]),
                spent=int(item.get("spent", 0)),
                jobs=int(item.get("jobs", 0)),
                unpriced=int(item.get("unpriced", 0)),
            )
            for item in self._table.partition(f"{_BUDGET}#{month}")
            if item["sk"] != _TEAM
        ]

    def commit(
        self, job: Job, *, member_limit: int | None, team_limit: int | None, max_jobs: int | None
    ) -> tuple[Job, bool] | None:
        amount, month = job.reserved_micros, job.budget_month
        limits = (member_limit, team_limit)
        if any(limit is not None and limit < amount for limit in limits):
            return self._stored(job)
        writes = (
            Write(new_item(job), condition="attribute_not_exists(pk)"),
            _set_aside(
                _month(job.owner.tag, month),
                amount,
                member_limit,
                jobs=1,
                unpriced=int(not job.price_micros),
            ),
            _set_aside(_month(_TEAM, month), amount, team_limit),
            _count_job(job.owner, max_jobs),
        )
        try:
            self._table.write_all(*writes)
        except ConditionFailedError:
            return self._stored(job)
        return job, True

    def settle(self, job: Job, cost: int) -> bool:
        rest = cost - job.reserved_micros
        month = job.budget_month
        paid = {"committed": rest, "spent": cost}
        try:
            self._table.write_all(
                Write(
                    dict(zip(("pk", "sk"), job_key(job.name), strict=True)),
                    act=Act.UPDATE,
                    update="SET accounted = :yes, cost_micros = :cost ADD version :one",
                    condition="accounted = :no",
                    values={":yes": True, ":no": False, ":cost": cost, ":one": 1},
                ),
                _add(_month(job.payer.tag, month), paid | {"jobs": -jobs_less(job, cost)}),
                _add(_month(_TEAM, month), paid),
                _add(_jobs(job.payer), {"jobs": -1}),
            )
        except ConditionFailedError:
            return False
        return True

    def correct(self, job: Job, cost: int) -> bool:
        less = dict.fromkeys(("committed", "spent"), cost - (job.cost_micros or 0))
        try:
            self._table.write_all(
                Write(
                    dict(zip(("pk", "sk"), job_key(job.name), strict=True)),
                    act=Act.UPDATE,
                    update="SET cost_micros = :cost ADD version :one",
                    condition="cost_micros = :had",
                    values={":cost": cost, ":had": job.cost_micros, ":one": 1},
                ),
                _add(_month(job.payer.tag, job.budget_month), less),
                _add(_month(_TEAM, job.budget_month), less),
            )
        except ConditionFailedError:
            return False
        return True

    def _stored(self, job: Job) -> tuple[Job, bool] | None:
        """The job if it is there already; if not, it was a limit that didn't hold."""
        item = self._table.get(*job_key(job.name))
        return (from_item(Job, item), False) if item else None


def _set_aside(keys: dict[str, str], amount: int, limit: int | None, **counts: int) -> Write:
    write = _add(keys, {"committed": amount} | counts)
    if limit is None:
        return write
    return replace(
        write,
        condition="attribute_not_exists(committed) OR committed <= :room",
        values={**write.values, ":room": limit - amount},
    )


def _count_job(owner: Actor, most: int | None) -> Write:
    write = _add(_jobs(owner), {"jobs": 1})
    if most is None:
        return write
    return replace(
        write,
        condition="attribute_not_exists(jobs) OR jobs < :most",
        values={**write.values, ":most": most},
    )


def _add(keys: dict[str, str], amounts: Mapping[str, int]) -> Write:
    return Write(
        keys,
        act=Act.UPDATE,
        update="ADD " + ", ".join(f"{name} :{name}" for name in amounts),
        values={f":{name}": amount for name, amount in amounts.items()},
    )


def _month(scope: str, month: str) -> dict[str, str]:
    return {"pk": f"{_BUDGET}#{month}", "sk": scope}


def _jobs(owner: Actor) -> dict[str, str]:
    return {"pk": f"{_BUDGET}#{owner.tag}#jobs", "sk": _BUDGET}
