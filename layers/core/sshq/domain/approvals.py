"""A request that waits for a second person: held whole, decided once, or lapsed."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field

from sshq.domain.identity import Actor
from sshq.domain.model import Record
from sshq.domain.queue_message import QueueMessage
from sshq.domain.refusals import Reason
from sshq.domain.request_id import request_id

HELD_FOR = timedelta(hours=24)
# The one argument whose values may be secrets.
_ENV = "env"


class Why(StrEnum):
    """Why a request waits. Each has a sentence in the catalogue under `approval.why.<value>`."""

    SECOND_ADMIN = "second-admin"
    NOT_ALLOWED = "not-allowed"
    TOO_MANY_JOBS = "too-many-jobs"
    OVER_BUDGET = "over-budget"
    EXPENSIVE = "expensive"
    PRICE_UNKNOWN = "price-unknown"


class Outcome(StrEnum):
    """How the waiting ended."""

    APPROVED = "approved"
    DECLINED = "declined"
    LAPSED = "lapsed"


class Approval(Record):
    """A held request. `message` is gone once it was sent on; what of it may be secret isn't in it, but
    in a file under `prefix` (160 random bits) for as long as nobody has decided.
    """

    id: str
    why: Why
    facts: dict[str, str] = Field(default_factory=dict)
    asker: Actor
    verb: str
    message: QueueMessage | None = None
    prefix: str = ""
    asked_at: datetime
    expires_at: datetime
    outcome: Outcome | None = None
    decided_by: Actor | None = None

    @classmethod
    def of(
        cls, message: QueueMessage, why: Why, now: datetime, facts: dict[str, str], prefix: str = ""
    ) -> Approval:
        """Hold a message. Its request id is the approval's: a redelivery holds nothing twice."""
        bare = {name: value for name, value in message.arguments.items() if name != _ENV}
        return cls(
            id=message.request,
            why=why,
            facts=facts,
            asker=message.actor,
            verb=message.verb,
            message=message.model_copy(update={"arguments": bare}),
            prefix=prefix if secret_of(message) else "",
            asked_at=now,
            expires_at=now + HELD_FOR,
        )

    @property
    def is_for_a_job(self) -> bool:
        """Whether it tells which job it is about."""
        return "shape" in self.facts

    def settled(self, outcome: Outcome, by: Actor | None) -> Approval:
        """The same, decided."""
        return self.model_copy(update={"outcome": outcome, "decided_by": by})

    def released(self, secret: dict[str, str]) -> QueueMessage | None:
        """The held message as it is dispatched again: whole, approved, and a request of its own.

        The new request id follows from the old one, so sending it twice is sending it once.
        """
        if self.message is None or self.outcome is not Outcome.APPROVED:
            return None
        arguments = self.message.arguments | ({_ENV: secret} if secret else {})
        fresh = {
            "request": request_id(self.asker.team, f"approved {self.id}"),
            "approved_by": self.decided_by,
            "arguments": arguments,
        }
        return self.message.model_copy(update=fresh)


def secret_of(message: QueueMessage) -> dict[str, str]:
    """What of a message has no place in a row."""
    found: dict[str, str] = message.arguments.get(_ENV, {})
    return found


def why_not(approval: Approval, actor: Actor, now: datetime) -> Reason | None:
    """Why `actor`, an admin, can't decide this; None if they can. Nobody is their own second."""
    if approval.outcome is Outcome.LAPSED or has_lapsed(approval, now):
        return Reason.APPROVAL_LAPSED
    if approval.outcome is not None:
        return Reason.APPROVAL_DECIDED
    if (actor.team, actor.user) == (approval.asker.team, approval.asker.user):
        return Reason.APPROVAL_OWN
    return None


def has_lapsed(approval: Approval, now: datetime) -> bool:
    """Whether nobody decided in time."""
    return approval.outcome is None and now >= approval.expires_at
