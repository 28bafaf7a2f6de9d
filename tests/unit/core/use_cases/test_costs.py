"""`/sshq cost`, and the cost so far wherever a job is shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.costs import cost_so_far, first_of, team_bill
from sshq.domain.jobs import Phase
from sshq.domain.money import micros
from sshq.use_cases.dispatch import commands, provisioning
from sshq.use_cases.release import release
from tests.core_services import ADMIN, ALICE, BOB, START, MemoryServices
from tests.job_lives import run

if TYPE_CHECKING:
    from sshq.domain.identity import Actor
    from sshq.domain.jobs import Job

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
    assert "2026-10: $1.20 so far, 1 job" in ask(services, month="2026-10")


def test_the_team_s_month_is_an_admins_to_see(services: MemoryServices) -> None:
    services.enrol(BOB, "bob")
    costing(services, run(services, ALICE, trigger="1"))
    services.prices.known[services.settings.default_instance] = None
    run(services, BOB, trigger="2")
    services.clock.time += HOUR

    assert "Only an admin" in ask(services, ALICE, team=True)
    assert "Only an admin" in ask(services, ALICE, user=BOB.user)
    said = ask(services, ADMIN, team=True)
    assert "$1.20 so far, 2 jobs" in said
    assert f"<@{ALICE.user}>" in said
    assert "price of 1 job isn't known" in said
    assert "$1.20 so far, 1 job" in ask(services, ADMIN, user=ALICE.user)


def test_in_china_every_amount_bears_the_yuans_sign(services: MemoryServices) -> None:
    """In whatever is said of money to whomever, and in the audit."""
    services = services.with_settings(partition="aws-cn", approval_above=2000)
    provisioning(services, services.message(ADMIN, "add-user", users=[BOB.user], budget="¥1000"))
    asked: list[tuple[Actor, str, dict[str, Any]]] = [
        (ALICE, "run", {"name": "shown"}),
        (ALICE, "run", {"name": "dear", "count": 2}),  # waits for an approval
        (BOB, "run", {"name": "poor", "hours": 20}),  # over their budget
        (ADMIN, "cost", {"team": True}),
        (ADMIN, "user", {"user": BOB.user}),
    ]
    for trigger, (actor, verb, arguments) in enumerate(asked):
        commands(services, services.message(actor, verb, trigger=str(trigger), **arguments))
    job = costing(services, *services.jobs.open_jobs())
    services.clock.time += HOUR
    commands(services, services.message(ALICE, "status", trigger="status", job=job.name))
    ask(services)
    release(services, job.model_copy(update={"ended_at": services.clock.now()}), 3600)

    said = "\n".join(f"{view.text} {view.blocks}" for _, view in services.chat.said)
    for amount in (
        "¥1,000.00 a month",
        "¥72.00 an hour",
        "¥1.20 so far",
        "above ¥2,000.00 an admin",
    ):
        assert amount in said
    assert "$" not in said.replace("$3F", "").replace("$252F", "").replace("$3D", "")
    (accounted,) = [facts for event, _, facts in services.audit.events if event == "accounted"]
    assert accounted["cost"] == "¥1.20"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["run", "start", "end", "again"]), st.integers(0, 5), st.integers(0, 7200)
    ),
    max_size=30,
)


@given(STEPS)
def test_the_team_s_sum_is_that_of_all_jobs_whatever_happens(
    steps: list[tuple[str, int, int]],
) -> None:
    """Jobs of two members begin, end and are settled again; some have no price."""
    services = MemoryServices()
    for actor, slug in ((ALICE, "alice"), (BOB, "bob")):
        services.enrol(actor, slug)
    for number, (step, which, seconds) in enumerate(steps):
        services.clock.time += timedelta(minutes=7)
        jobs = list(services.jobs.all.values())
        if step == "run":
            instance = services.settings.default_instance
            services.prices.known = {instance: None} if seconds % 3 == 0 else {}
            run(services, (ALICE, BOB)[which % 2], trigger=f"r{number}")
        elif jobs:
            job = jobs[which % len(jobs)]
            if step == "start" and job.is_open:
                begun = {"started_at": services.clock.now()}
                services.jobs.all[job.name] = job.model_copy(update=begun)
            else:
                over = {"phase": Phase.STOPPED, "ended_at": services.clock.now()}
                services.jobs.all[job.name] = job.model_copy(update=over)
                release(services, services.jobs.all[job.name], seconds)

    now, jobs = services.clock.now(), list(services.jobs.all.values())
    whole = team_bill(
        services.budgets.spendings("2026-11"), services.jobs.open_jobs(), "2026-11", now
    )
    costs = [cost_so_far(job, now) for job in jobs]
    assert whole.total == sum(cost or 0 for cost in costs)
    assert whole.unknown == costs.count(None)
    assert whole.jobs == sum(
        job.is_open or cost != 0 for job, cost in zip(jobs, costs, strict=True)
    )


def test_a_month_begins_with_its_first_day() -> None:
    assert first_of("2028-02") == datetime(2028, 2, 1, tzinfo=UTC)
