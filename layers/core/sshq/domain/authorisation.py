"""Who may do what: one pure function, asked by every use case and every button."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from sshq.domain.identity import Actor
    from sshq.domain.members import Member


class Who(StrEnum):
    """Whom a command is for."""

    ANYONE = "anyone"
    MEMBER = "member"
    ADMIN = "admin"


@dataclass(frozen=True)
class Policy:
    """The standing facts that decisions rest on. Admins are pinned by id in the stack's parameters."""

    admins: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Decision:
    """Allowed, or refused for a reason. `because` is what the audit keeps of an allowance."""

    allowed: bool
    because: str
    reason: Reason | None = None

    def enforce(self, **facts: str) -> None:
        """Go on, or raise the refusal that says why not."""
        if self.reason is not None:
            raise Refusal(self.reason, **facts)


def may(
    actor: Actor, who: Who, *, member: Member | None, policy: Policy, owner: Actor | None = None
) -> Decision:
    """Decide whether `actor` may use a command for `who`, on a job of `owner` where it has one.

    Admins may act on anyone's job; they need no enrolment for admin commands, but do to run jobs
    of their own (the job's name and limits come from the membership).
    """
    is_admin = (actor.team, actor.user) in policy.admins
    if who is Who.ANYONE:
        return Decision(allowed=True, because="anyone may")
    if who is Who.ADMIN:
        return (
            Decision(allowed=True, because="an admin of the stack")
            if is_admin
            else _refused(Reason.NOT_AN_ADMIN)
        )
    if owner is not None and is_admin:
        return Decision(allowed=True, because="an admin of the stack")
    if member is None or (member.actor.team, member.actor.user) != (actor.team, actor.user):
        return _refused(Reason.NOT_A_MEMBER)
    if owner is not None and (owner.team, owner.user) != (actor.team, actor.user):
        return _refused(Reason.NOT_YOUR_JOB)
    return Decision(allowed=True, because="a member" if owner is None else "the job's owner")


def _refused(reason: Reason) -> Decision:
    return Decision(allowed=False, because=reason.value, reason=reason)
