"""Members: Slack users whom an admin enrolled, and admins, whom the stack's parameters name."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from pydantic import Field

from sshq.domain.identity import Actor
from sshq.domain.model import Model, Record
from sshq.domain.money import Money
from sshq.domain.refusals import Reason, Refusal

# Identity Center makes these roles, for everybody who has a permission set.
_IDENTITY_CENTER = "AWSReservedSSO_"

T = TypeVar("T", int, datetime)


class Limits(Model):
    """What a member may use; None: the stack's own limits alone hold.

    `budget` is what a calendar month (UTC) may cost, `max_jobs` counts open jobs, and from `until` on
    the membership is over.
    """

    budget: Money | None = None
    max_jobs: int | None = Field(default=None, ge=0)
    until: datetime | None = None


def tightest(*limits: Limits) -> Limits:
    """The shortest of each limit wins, whoever set it."""
    return Limits(
        budget=min(
            (each.budget for each in limits if each.budget is not None),
            key=lambda budget: budget.micros,
            default=None,
        ),
        max_jobs=_least([each.max_jobs for each in limits]),
        until=_least([each.until for each in limits]),
    )


class IamKind(StrEnum):
    """What an IAM identity of a person is."""

    USER = "user"
    ROLE = "role"


class IamIdentity(Model):
    """The one IAM identity that is a member's own; no two members share one.

    `user_id` is what AWS calls `aws:userid`, the value of the tag `SSHOwner`: an IAM user's UserId
    (AIDA…), or `<role id>:<session name>` for a role.
    """

    kind: IamKind
    name: str
    user_id: str


class NamedRole(Model):
    """The role of an ARN, and the session name under which its one person assumes it."""

    role: str
    session: str


def identity_of_role(arn: str, *, account: str, session: str) -> NamedRole:
    """What an ARN says of the role that is one person's.

    Two forms can be: a role of their own (`arn:…:iam::A:role/NAME`), which they assume with
    `role_session_name` = their slug; and one person's session of an Identity Center role that many
    assume (`arn:…:sts::A:assumed-role/AWSReservedSSO_…/SESSION`), whose session names AWS gives.
    Raises Refusal for a role that others may assume under the same name, or of another account.
    """
    *_, owner, path = arn.split(":", 5)
    kind, _, rest = path.partition("/")
    role, _, named = rest.partition("/") if kind == "assumed-role" else (rest, "", session)
    name = role.rpartition("/")[2]
    if owner != account:
        raise Refusal(Reason.UNKNOWN_IAM_IDENTITY, name=arn)
    if name.startswith(_IDENTITY_CENTER) is (kind == "role") or not named:
        raise Refusal(Reason.SHARED_ROLE, name=name)
    return NamedRole(role=name, session=named)


def raises(before: Limits, after: Limits) -> bool:
    """Whether some limit of `before` is wider, or gone, in `after`.

    One in another currency than before's can't be compared: it counts as wider.
    """
    if before.budget and after.budget and before.budget.currency is not after.budget.currency:
        return True
    return tightest(before, after) != after


class Leave(StrEnum):
    """Why a membership ends. From the moment that it is written down, the member may do nothing."""

    REMOVED = "removed"
    EXPIRED = "expired"
    DEACTIVATED = "deactivated"
    BECAME_GUEST = "became-guest"
    UNKNOWN = "unknown-to-slack"


class Member(Record):
    """An enrolled Slack user. `slug` is the part of their jobs' names; it never identifies them.

    `admin` makes an admin of a member; those whom the stack's parameter names need no membership.
    `leaving` is set first when somebody is removed; the row goes when all of theirs is gone.
    """

    actor: Actor
    slug: str
    language: str = "en"
    added_by: Actor
    added_at: datetime
    admin: bool = False
    limits: Limits = Limits()
    iam: IamIdentity | None = None

    leaving: Leave | None = None

    def is_over(self, now: datetime) -> bool:
        """Whether the membership gives nothing any more, although its row may still be there."""
        until = self.limits.until
        return self.leaving is not None or (until is not None and now >= until)

    @property
    def owner_id(self) -> str:
        """The tag `SSHOwner` of their jobs. Without AWS identity: one that no IAM principal has."""
        return self.iam.user_id if self.iam else self.actor.tag


class Profile(Model):
    """What Slack says of a user, as far as deciding about them needs it."""

    user: str
    team: str
    name: str
    locale: str = ""
    deleted: bool = False
    bot: bool = False
    restricted: bool = False
    stranger: bool = False

    @property
    def objection(self) -> Reason | None:
        """Why they can't use sshq: deleted users, bots, guests and people of other companies."""
        objections = {
            Reason.DEACTIVATED: self.deleted,
            Reason.BOT: self.bot,
            Reason.GUEST: self.restricted,
            Reason.STRANGER: self.stranger,
        }
        return next((reason for reason, holds in objections.items() if holds), None)

    @property
    def is_a_person_of_the_team(self) -> bool:
        """Whether nothing stands against them."""
        return self.objection is None


def people_from(setting: str) -> frozenset[tuple[str, str]]:
    """`T0001/U0001,T0001/U0002` → {(team, user), …}. A malformed entry fails at start, not open."""
    entries = (entry.strip() for entry in setting.split(","))
    return frozenset((a.team, a.user) for a in (Actor.from_tag(e) for e in entries if e))


def _least(values: list[T | None]) -> T | None:
    return min((value for value in values if value is not None), default=None)
