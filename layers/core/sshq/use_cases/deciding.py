"""Load what the decision about a run rests on, decide, and set the money aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.domain.budgets import Ledger, month_of
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.run_policy import Facts, Objection, Terms, decide

if TYPE_CHECKING:
    from sshq.domain.jobs import Job
    from sshq.domain.members import Member
    from sshq.ports import Services
    from sshq.use_cases.shaping import Shaped

# Somebody else took the money between the look and the write: look again, but not for ever.
_MOST_TRIES = 4


def terms_for(
    services: Services, shaped: Shaped, member: Member, *, approved: bool
) -> Terms | Objection:
    """The terms that the job may be submitted under, or the first objection."""
    rules, shape = services.settings.rules, shaped.shape
    limits = member.limits
    is_limited = rules.team_budget or limits.budget is not None or limits.max_jobs is not None
    month = month_of(services.clock.now())
    facts = Facts(
        shape=shape,
        image=shaped.image,
        preset=shaped.preset,
        limits=limits,
        ledger=services.budgets.ledger(member.actor, month) if is_limited else Ledger(),
        price=services.prices.hourly(shape.instance),
        quota=services.quotas.training(shape.pool, wanted=shape.count),
        approved=approved,
    )
    return decide(facts, rules)


def commit(
    services: Services, job: Job, shaped: Shaped, member: Member, terms: Terms | None = None
) -> tuple[Job, bool]:
    """Store the job with its reservation: both or neither, whatever others do meanwhile.

    `job` lacks its terms as yet; `terms` are those that were just decided, if any. Gives back the
    stored job, and whether it is new. Raises Refusal.
    """
    for _ in range(_MOST_TRIES):
        found = terms or terms_for(services, shaped, member, approved=job.approved_by is not None)
        terms = None
        if isinstance(found, Objection):
            raise Refusal(found.reason, **found.facts)
        stored = services.budgets.commit(
            under(job, found),
            member_limit=found.member_limit,
            team_limit=found.team_limit,
            max_jobs=found.max_jobs,
        )
        if stored is not None:
            return stored
    raise Refusal(Reason.TOO_MANY_REQUESTS)


def under(job: Job, terms: Terms) -> Job:
    """The job with its terms."""
    return job.model_copy(
        update={
            "cap_seconds": terms.cap_seconds,
            "max_wait_seconds": terms.max_wait_seconds,
            "currency": terms.currency,
            "price_micros": terms.price_micros,
            "price_as_of": terms.price_as_of,
            "reserved_micros": terms.reserved_micros,
            "budget_month": month_of(job.created_at),
        }
    )
