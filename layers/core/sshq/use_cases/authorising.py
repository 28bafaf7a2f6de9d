"""Load the facts that a decision needs, decide, and write the decision down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.domain.authorisation import Who, may
from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from sshq.domain.identity import Actor
    from sshq.domain.jobs import Job
    from sshq.domain.members import Member
    from sshq.ports import Services


def authorise(
    services: Services, actor: Actor, who: Who, *, verb: str, job: Job | None = None
) -> Member | None:
    """Go on with the actor's membership (None for an admin without one), or raise the refusal.

    Whoever acts must still be a person of the workspace: Slack is asked each time, since guests
    and deactivated users keep their buttons for a while.
    """
    if who is Who.ANYONE:
        return services.members.get(actor)
    profile = services.chat.profile(actor.user)
    if profile is None or not profile.is_a_person_of_the_team:
        services.audit.record("refused", actor=actor, verb=verb, reason=Reason.NOT_A_PERSON.value)
        raise Refusal(Reason.NOT_A_PERSON, user=actor.user)
    member = services.members.get(actor)
    decision = may(
        actor,
        who,
        member=member,
        policy=services.settings.policy,
        owner=job.owner if job else None,
    )
    services.audit.record(
        "allowed" if decision.allowed else "refused",
        actor=actor,
        verb=verb,
        reason=decision.because,
        **({"job": job.name} if job else {}),
    )
    decision.enforce(user=actor.user, verb=verb, job=job.name if job else "")
    return member
