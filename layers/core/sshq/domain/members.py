"""Members: Slack users whom an admin enrolled, and admins, whom the stack's parameters name."""

from __future__ import annotations

from datetime import datetime

from sshq.domain.identity import Actor
from sshq.domain.model import Model, Record


class Member(Record):
    """An enrolled Slack user. `slug` is the part of their jobs' names; it never identifies them."""

    actor: Actor
    slug: str
    language: str = "en"
    added_by: Actor
    added_at: datetime


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
    def is_a_person_of_the_team(self) -> bool:
        """False for whom threat 4 names: deleted users, bots, guests, people of other companies."""
        return not (self.deleted or self.bot or self.restricted or self.stranger)


def admins_from(setting: str) -> frozenset[tuple[str, str]]:
    """`T0001/U0001,T0001/U0002` → {(team, user), …}. A malformed entry fails at start, not open."""
    entries = (entry.strip() for entry in setting.split(","))
    return frozenset((a.team, a.user) for a in (Actor.from_tag(e) for e in entries if e))
