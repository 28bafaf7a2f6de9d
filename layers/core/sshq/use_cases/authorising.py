"""Load the facts that a decision needs, decide, and write the decision down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.domain.authorisation import (
    Decision,
    Reach,
    Standing,
    Subject,
    Verb,
    Who,
    decide,
)
from sshq.domain.refusals import Reason

if TYPE_CHECKING:
    from sshq.domain.identity import Actor
    from sshq.domain.jobs import Job
    from sshq.domain.members import Member
    from sshq.domain.sharing import Share
    from sshq.ports import Services


def authorise(
    services: Services,
    actor: Actor,
    who: Who,
    *,
    verb: str,
    job: Job | None = None,
    reach: Reach = Reach.MANAGE,
    about_admin: bool = False,
) -> Member | None:
    """Go on with the actor's membership (None for an admin without one), or raise the refusal.

    Whoever acts must still be a person of the workspace: Slack is asked each time, since guests
    and deactivated users keep their buttons for a while. `reach` says who besides the owner may do
    this to `job`; `about_admin` that it is done to an admin, or makes one.
    """
    member = services.members.get(actor)
    objection = None if who is Who.ANYONE else _objection(services, actor)
    subject = _subject(services, actor, job, reach) if job else Subject(is_admin=about_admin)
    decision = decide(
        Standing(actor, member, objection),
        Verb(verb, who, reach),
        subject,
        services.settings.policy,
        services.clock.now(),
    )
    _write_down(services, actor, verb, decision, job)
    decision.enforce(user=actor.user, verb=verb, job=job.name if job else "")
    return member


def entry(
    services: Services, actor: Actor, job: Job, member: Member | None, share: Share | None
) -> Decision:
    """Whether somebody may be in a job, and until when, by what the table says at this moment.

    For the access API, which is asked often: Slack isn't asked. Who leaves Slack is removed at
    once by `use_cases.leaving`.
    """
    return decide(
        Standing(actor, member),
        Verb("enter", Who.MEMBER, Reach.ENTER),
        Subject(owner=job.owner, share=None if job.owner.is_same(actor) else share),
        services.settings.policy,
        services.clock.now(),
    )


def _objection(services: Services, actor: Actor) -> Reason | None:
    profile = services.chat.profile(actor.user)
    return profile.objection if profile else Reason.STRANGER


def _subject(services: Services, actor: Actor, job: Job, reach: Reach) -> Subject:
    if reach is not Reach.ENTER or job.owner.is_same(actor):
        return Subject(owner=job.owner)
    return Subject(owner=job.owner, share=services.shares.get(job.name, actor))


def _write_down(
    services: Services, actor: Actor, verb: str, decision: Decision, job: Job | None
) -> None:
    why = decision.because or decision.reason
    services.audit.record(
        "allowed" if decision.allowed else "refused",
        actor=actor,
        verb=verb,
        reason=why.value if why else "",
        **({"job": job.name} if job else {}),
    )
