"""Who works in the sandbox's workspace: the ids are of Slack's form and never change."""

from __future__ import annotations

from dataclasses import asdict, dataclass

TEAM_ID = "T0SANDBOX1"
TEAM_DOMAIN = "sshq-sandbox"
TEAM_NAME = "sshq sandbox"
APP_ID = "A0SSHQAPP01"
BOT_USER_ID = "U0SSHQBOT01"
BOT_ID = "B0SSHQBOT01"


@dataclass(frozen=True)
class User:
    """One account. The flags are those by which sshq refuses people (users.info has them all)."""

    id: str
    name: str
    real_name: str
    is_admin: bool = False
    is_bot: bool = False
    deleted: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    team_id: str = TEAM_ID
    updated: int = 0

    def changed(self, *, updated: int, **flags: bool) -> User:
        """This user with some flags changed. Raises TypeError for one that isn't above."""
        return User(**{**asdict(self), **flags, "updated": updated})


@dataclass(frozen=True)
class UserGroup:
    """What a person mentions as `@handle` to mean several people."""

    id: str
    handle: str
    users: tuple[str, ...]


@dataclass(frozen=True)
class ChannelSeed:
    """A public channel of the workspace at its start."""

    id: str
    name: str
    members: tuple[str, ...]


USERS = (
    User("U0ADMIN0001", "admin", "Ada Admin", is_admin=True),
    User("U0ALICE0001", "alice", "Alice Ampere"),
    User("U0BOB000001", "bob", "Bob Bohr"),
    User("U0CAROL0001", "carol", "Carol Curie"),
    User("U0DAVE00001", "dave", "Dave Dirac", deleted=True),
    User("U0GINA00001", "gina", "Gina Guest", is_restricted=True),
    User(BOT_USER_ID, "sshq", "sshq", is_bot=True),
)
"""`dave` has left the company and `gina` is a guest: the two whom the bot must refuse."""

_EVERYONE = ("U0ADMIN0001", "U0ALICE0001", "U0BOB000001", "U0CAROL0001")

CHANNELS = (
    ChannelSeed("C0GENERAL01", "general", (*_EVERYONE, "U0GINA00001", BOT_USER_ID)),
    ChannelSeed("C0MLTEAM001", "ml-team", ("U0ADMIN0001", "U0ALICE0001", "U0BOB000001")),
)
"""The bot is in #general and not in #ml-team, where chat.postMessage and postEphemeral fail."""

USER_GROUPS = (UserGroup("S0MLTEAM001", "ml-team", ("U0ALICE0001", "U0BOB000001")),)
