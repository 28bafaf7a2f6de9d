"""`/sshq cost`, and the cost so far wherever a job is shown."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sshq.domain.costs import cost_so_far, span_of
from sshq.domain.jobs import Phase
from sshq.domain.money import micros
from sshq.use_cases.dispatch import commands
from tests.core_services import ADMIN, ALICE, BOB, START
from tests.job_lives import run

if TYPE_CHECKING:
    from sshq.domain.identity import Actor
    from sshq.domain.jobs import Job
    from tests.core_services import MemoryServices

HOUR = timedelta(hours=1)


def costing(services: MemoryServices, job: Job, **update: Any) -> Job:
    """The job with a price of $1.20 an hour, running since the start."""
    facts = {"price_micros": micros(1.2), "started_at": START} | update
    changed = services.jobs.change(job.name, lambda stored: stored.model_copy(update=facts))
    assert changed is not None
    return changed


def ask(services: MemoryServices, actor: Actor = ALICE, **arguments: Any) -> str:
    said = len(services.chat.said)
    commands(services, services.message(actor, "cost", trigger=f"cost-{said}", **arguments))
    return "\n".join(str(view.blocks) for _, view in services.chat.said[said:])


def test_a_running_job_costs_its_nodes_for_as_long_as_it_runs(services: MemoryServices) -> None:
    job = costing(services, run(services, count=2))

    assert cost_so_far(job, START) == 0
    assert cost_so_far(job, START + HOUR / 2) == micros(1.2)
    assert cost_so_far(job.model_copy(update={"started_at": None}), START + HOUR) == 0
    assert cost_so_far(job.model_copy(update={"price_micros": 0}), START + HOUR) is None


def test_an_ended_job_costs_what_sagemaker_bills(services: MemoryServices) -> None:
    """Spot: an hour on the clock, of which a quarter is billed."""
    ended = {"phase": Phase.STOPPED, "ended_at": START + HOUR, "billable_seconds": 900}
    job = costing(services, run(services), **ended)
    assert cost_so_far(job, START + 9 * HOUR) == micros(0.3)
    accounted = job.model_copy(update={"cost_micros": micros(0.31)})
    assert cost_so_far(accounted, START + 9 * HOUR) == micros(0.31)


def test_ones_own_month_is_added_up(services: MemoryServices) -> None:
    costing(services, run(services, trigger="1", name="one"))
    costing(services, run(services, trigger="2", name="two"), started_at=START - HOUR)
    old = {"created_at": START - timedelta(days=40)}
    costing(services, run(services, trigger="3", name="old"), **old)
    services.clock.time += HOUR

    said = ask(services)
    assert "2026-11: $3.60 so far, 2 jobs" in said
    assert said.index("$2.40") < said.index("$1.20")
    assert "-old-" not in said
    assert "2026-10: $1.20 so far, 1 jobs" in ask(services, month="2026-10")


def test_the_team_s_month_is_an_admins_to_see(services: MemoryServices) -> None:
    services.enrol(BOB, "bob")
    costing(services, run(services, ALICE, trigger="1"))
    costing(services, run(services, BOB, trigger="2"), price_micros=0)
    services.clock.time += HOUR

    assert "Only an admin" in ask(services, ALICE, team=True)
    assert "Only an admin" in ask(services, ALICE, user=BOB.user)
    said = ask(services, ADMIN, team=True)
    assert "$1.20 so far, 2 jobs" in said
    assert f"<@{ALICE.user}>" in said
    assert "price of 1 jobs isn't known" in said
    assert "$1.20 so far, 1 jobs" in ask(services, ADMIN, user=ALICE.user)


@pytest.mark.parametrize(("month", "last"), [("2026-12", "2027-02-05"), ("2028-02", "2028-04-05")])
def test_a_month_s_jobs_end_within_its_span(month: str, last: str) -> None:
    first, until = span_of(month)
    assert f"{first:%Y-%m-%d}" == f"{month}-01"
    assert f"{until:%Y-%m-%d}" == last
