"""Who acts: a Slack user is (enterprise, team, user), never a name or an e-mail address."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import StringConstraints

from sshq.domain.model import Model

TeamId = Annotated[str, StringConstraints(pattern=r"^[TE][A-Z0-9]{2,20}$")]
UserId = Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]{2,20}$")]

_NOT_IN_A_SLUG = re.compile(r"[^a-z0-9]+")


class Actor(Model):
    """A Slack user as Slack's signed request named them."""

    team: TeamId
    user: UserId
    enterprise: str | None = None

    @property
    def tag(self) -> str:
        """`<team>/<user>`, the value of the tag `sshq:owner`."""
        return f"{self.team}/{self.user}"

    def is_same(self, other: Actor) -> bool:
        """Whether both are one person. Slack leaves the enterprise out where there is none."""
        enterprises = {self.enterprise, other.enterprise} - {None}
        return (self.team, self.user) == (other.team, other.user) and len(enterprises) < 2

    @classmethod
    def from_tag(cls, tag: str) -> Actor:
        team, _, user = tag.partition("/")
        return cls(team=team, user=user)


def slug(name: str, longest: int = 16) -> str:
    """The part of a job's name that a person recognises: `Alice B.` → `alice-b`."""
    return _NOT_IN_A_SLUG.sub("-", name.lower()).strip("-")[:longest].strip("-") or "member"
