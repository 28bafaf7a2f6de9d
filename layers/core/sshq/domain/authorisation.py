"""Who may do what: one pure function, asked by every use case and every button."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.domain.identity import Actor
    from sshq.domain.members import Member
    from sshq.domain.sharing import Share


class Who(StrEnum):
    """Whom a command is for."""

    ANYONE = "anyone"
    MEMBER = "member"
    ADMIN = "admin"
    STACK_ADMIN = "stack-admin"


ADMINS = frozenset({Who.ADMIN, Who.STACK_ADMIN})
"""Those whom the stack names can do what every admin can, and what makes or unmakes rights besides."""


class Reach(StrEnum):
    """Whose job a member's command reaches, besides their own."""

    MANAGE = "manage"
    """Admins, too: to stop it, to see it."""
    ENTER = "enter"
    """With whom the job is shared; never an admin by being one."""
    OWN = "own"
    """Nobody else."""


class Because(StrEnum):
    """Why something is allowed; the audit keeps it."""

    ANYONE_MAY = "anyone-may"
    A_MEMBER = "a-member"
    THE_OWNER = "the-owner"
    SHARED_WITH = "shared-with"
    AN_ADMIN = "an-admin"
    A_STACK_ADMIN = "a-stack-admin"


@dataclass(frozen=True)
class Policy:
    """The standing facts, from the stack's parameters: who is pinned as admin, who is shut out."""

    admins: frozenset[tuple[str, str]]
    denied: frozenset[tuple[str, str]] = frozenset()

    def pins(self, actor: Actor) -> bool:
        """Whether the stack itself names this admin."""
        return (actor.team, actor.user) in self.admins


@dataclass(frozen=True)
class Standing:
    """Who acts. `objection` is what Slack has against them at this moment (a guest, a bot …)."""

    actor: Actor
    member: Member | None = None
    objection: Reason | None = None

    @property
    def membership(self) -> Member | None:
        """The membership, if it is this very person's."""
        return self.member if self.member and self.member.actor.is_same(self.actor) else None


@dataclass(frozen=True)
class Verb:
    """What is asked for, and for whom that is."""

    name: str
    who: Who
    reach: Reach = Reach.MANAGE


@dataclass(frozen=True)
class Subject:
    """What it is asked of: a job (by its owner, and the actor's share in it), or an admin."""

    owner: Actor | None = None
    share: Share | None = None
    is_admin: bool = False
    """It is about somebody who is an admin, or makes one."""


@dataclass(frozen=True)
class Decision:
    """Allowed because, or refused for a reason: one of the two is set.

    An allowance ends at `until`: the shortest of the limits that bear on it.
    """

    because: Because | None = None
    reason: Reason | None = None
    until: datetime | None = None

    @property
    def allowed(self) -> bool:
        return self.because is not None

    def enforce(self, **facts: str) -> None:
        """Go on, or raise the refusal that says why not."""
        if self.reason is not None:
            raise Refusal(self.reason, **facts)


def decide(
    standing: Standing, verb: Verb, subject: Subject, policy: Policy, now: datetime
) -> Decision:
    """Decide whether somebody may do something, to something, at a moment.

    Denials come first, and nothing that would allow it outweighs one: who is shut out by the
    stack, whom Slack doesn't count as a person of the team, whose membership is over.
    """
    if (standing.actor.team, standing.actor.user) in policy.denied:
        return Decision(reason=Reason.DENIED)
    if verb.who is Who.ANYONE:
        return Decision(because=Because.ANYONE_MAY)
    if standing.objection is not None:
        return Decision(reason=standing.objection)
    member = standing.membership
    if member is not None and member.is_over(now):
        return Decision(reason=Reason.MEMBERSHIP_OVER)
    admin = _admin(standing.actor, member, policy)
    if verb.who is Who.MEMBER:
        found = _as_member(standing, verb, subject, admin, now)
    else:
        found = _as_admin(verb, subject, admin)
    if isinstance(found, Reason):
        return Decision(reason=found)
    ends = [member.limits.until if member else None]
    if found is Because.SHARED_WITH and subject.share is not None:
        ends.append(subject.share.until)
    return Decision(because=found, until=min((end for end in ends if end), default=None))


def _as_admin(verb: Verb, subject: Subject, admin: Because | None) -> Because | Reason:
    if verb.who is Who.STACK_ADMIN or subject.is_admin:
        # Whoever may make admins, or unmake them, is named where no Slack account has a say.
        return admin if admin is Because.A_STACK_ADMIN else Reason.NOT_A_STACK_ADMIN
    return admin or Reason.NOT_AN_ADMIN


def _as_member(
    standing: Standing, verb: Verb, subject: Subject, admin: Because | None, now: datetime
) -> Because | Reason:
    is_member = standing.membership is not None
    if subject.owner is None:
        return Because.A_MEMBER if is_member else Reason.NOT_A_MEMBER
    if is_member and subject.owner.is_same(standing.actor):
        return Because.THE_OWNER
    if verb.reach is Reach.MANAGE and admin is not None:
        return admin
    if not is_member and admin is None:
        return Reason.NOT_A_MEMBER
    if is_member and verb.reach is Reach.ENTER and _is_shared(standing.actor, subject, now):
        return Because.SHARED_WITH
    return Reason.NOT_YOUR_JOB


def _admin(actor: Actor, member: Member | None, policy: Policy) -> Because | None:
    if policy.pins(actor):
        return Because.A_STACK_ADMIN
    return Because.AN_ADMIN if member is not None and member.admin else None


def _is_shared(actor: Actor, subject: Subject, now: datetime) -> bool:
    share = subject.share
    return (
        share is not None
        and share.member.is_same(actor)
        # A job that was handed over isn't shared by who had it before.
        and subject.owner is not None
        and share.owner.is_same(subject.owner)
        and (share.until is None or now < share.until)
    )
