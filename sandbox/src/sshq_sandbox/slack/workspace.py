"""What Slack keeps: people, channels, direct messages, messages, views. No HTTP here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sshq_sandbox.slack import people
from sshq_sandbox.slack.render import plain_text, view_text

if TYPE_CHECKING:
    from collections.abc import Callable

SLACKBOT = "USLACKBOT"
"""Who tells the user that a command failed: Slack itself."""

_TYPED_MENTION = re.compile(r"(?<![\w@#])([@#])([a-z0-9][a-z0-9._-]*)")


class UnknownNameError(LookupError):
    """No user or channel of that name: the message says which there are."""


@dataclass(frozen=True)
class Conversation:
    """A channel, or (`user` set) the direct messages between one person and the bot."""

    id: str
    name: str
    members: frozenset[str]
    user: str | None = None

    @property
    def is_im(self) -> bool:
        return self.user is not None


@dataclass(frozen=True)
class Message:
    """One message as Slack keeps it. `only_for` names the one reader of an ephemeral message."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: tuple[dict[str, Any], ...] = ()
    only_for: str | None = None
    thread_ts: str | None = None
    edited_ts: str | None = None
    bot_id: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    rendered: str = ""
    """The message as a terminal shows it."""

    @property
    def is_ephemeral(self) -> bool:
        return self.only_for is not None

    def payload(self) -> dict[str, Any]:
        """The `message` object of Slack's answers and interaction payloads."""
        shape: dict[str, Any] = {
            "user": self.user,
            "type": "message",
            "ts": self.ts,
            "text": self.text,
            "team": people.TEAM_ID,
            "blocks": list(self.blocks),
        }
        if self.bot_id:
            shape |= {"bot_id": self.bot_id, "app_id": people.APP_ID}
        if self.thread_ts:
            shape["thread_ts"] = self.thread_ts
        if self.edited_ts:
            shape["edited"] = {"user": self.user, "ts": self.edited_ts}
        return shape


@dataclass
class Workspace:
    """One team. Not thread-safe: it lives on the supervisor's event loop."""

    clock: Callable[[], float]
    users: dict[str, people.User] = field(
        default_factory=lambda: {user.id: user for user in people.USERS}
    )
    conversations: dict[str, Conversation] = field(default_factory=dict)
    homes: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The published home view of each user, by user id."""
    modals: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """The stack of open modals of each user, the visible one last."""
    on_change: Callable[[], None] = lambda: None
    """Called after each change: whoever waits for a message looks again."""

    def __post_init__(self) -> None:
        self._messages: dict[tuple[str, str], Message] = {}
        self._last_ts = 0
        self._next_id = 0
        for seed in people.CHANNELS:
            members = frozenset(seed.members)
            self.conversations[seed.id] = Conversation(seed.id, seed.name, members)

    # People and places

    def person(self, name: str) -> people.User:
        """The user called `name` (or with that id). Raises UnknownNameError."""
        for user in self.users.values():
            if name.removeprefix("@") in {user.name, user.id}:
                return user
        known = ", ".join(sorted(user.name for user in self.users.values()))
        raise UnknownNameError(f"nobody here is called {name!r}; there are {known}")

    def channel(self, name: str) -> Conversation:
        """The channel called `name`, `#name` or with that id. Raises UnknownNameError."""
        for conversation in self.conversations.values():
            if name.removeprefix("#") in {conversation.name, conversation.id}:
                return conversation
        known = ", ".join(sorted(c.name for c in self.conversations.values() if not c.is_im))
        raise UnknownNameError(f"there is no channel {name!r}; there are {known}")

    def direct(self, user_id: str) -> Conversation:
        """The direct messages between this user and the bot, opened when they don't exist yet."""
        for conversation in self.conversations.values():
            if conversation.user == user_id:
                return conversation
        members = frozenset({user_id, people.BOT_USER_ID})
        opened = Conversation(f"D{user_id[1:]}", "directmessage", members, user=user_id)
        self.conversations[opened.id] = opened
        return opened

    def names(self) -> dict[str, str]:
        """How ids are shown to readers: `@alice`, `#general`, `@ml-team`."""
        return {
            **{user.id: f"@{user.name}" for user in self.users.values()},
            **{c.id: f"#{c.name}" for c in self.conversations.values() if not c.is_im},
            **{group.id: f"@{group.handle}" for group in people.USER_GROUPS},
        }

    def escaped(self, typed: str) -> str:
        """What a slash command with `should_escape` carries for what a person typed."""
        text = typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return _TYPED_MENTION.sub(self._mention, text)

    # Messages

    def post(
        self,
        conversation: Conversation,
        *,
        user: str,
        text: str,
        blocks: list[dict[str, Any]],
        only_for: str | None = None,
        thread_ts: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> Message:
        is_bot = user == people.BOT_USER_ID
        message = Message(
            channel=conversation.id,
            ts=self.new_ts(),
            user=user,
            text=text,
            blocks=self._with_ids(blocks),
            only_for=only_for,
            thread_ts=thread_ts,
            bot_id=people.BOT_ID if is_bot else None,
            metadata=metadata or {},
        )
        return self._keep(message)

    def history(self, channel: str, oldest: float) -> list[Message]:
        """What everybody in the channel sees, the newest first."""
        found = (m for m in self._messages.values() if m.channel == channel and not m.is_ephemeral)
        return sorted(
            (message for message in found if float(message.ts) >= oldest),
            key=lambda message: message.ts,
            reverse=True,
        )

    def edit(
        self, message: Message, *, text: str | None, blocks: list[dict[str, Any]] | None
    ) -> Message:
        """A changed message. What is None stays: an update by text alone keeps the blocks."""
        return self._keep(
            replace(
                message,
                text=message.text if text is None else text,
                blocks=message.blocks if blocks is None else self._with_ids(blocks),
                edited_ts=self.new_ts(),
            )
        )

    def delete(self, message: Message) -> None:
        del self._messages[message.channel, message.ts]
        self.on_change()

    def find(self, channel: str, ts: str) -> Message | None:
        return self._messages.get((channel, ts))

    def inbox(self, user_id: str) -> list[Message]:
        """What this user sees anywhere, oldest first."""
        seen = (m for m in self._messages.values() if self._is_visible(m, user_id))
        return sorted(seen, key=lambda message: message.ts)

    # Views

    def new_view(
        self, view: dict[str, Any], user_id: str, previous: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """The view object that Slack makes of what the app sent.

        It takes the place of `previous`; without one, a modal lies on top of the open ones.
        """
        view_id = previous["id"] if previous else self.new_id("V")
        shape = {
            "id": view_id,
            "team_id": people.TEAM_ID,
            "type": view["type"],
            "blocks": list(self._with_ids(view["blocks"])),
            "private_metadata": view.get("private_metadata", ""),
            "callback_id": view.get("callback_id", ""),
            "external_id": view.get("external_id", ""),
            "state": {"values": {}},
            "hash": f"{int(self.clock())}.{self.new_id('h')}",
            "title": view.get("title"),
            "submit": view.get("submit"),
            "close": view.get("close"),
            "clear_on_close": view.get("clear_on_close", False),
            "notify_on_close": view.get("notify_on_close", False),
            "previous_view_id": None,
            "root_view_id": view_id,
            "app_id": people.APP_ID,
            "app_installed_team_id": people.TEAM_ID,
            "bot_id": people.BOT_ID,
        }
        if view["type"] == "home":
            self.homes[user_id] = shape
        elif previous:
            stack = self.modals[user_id]
            stack[[view["id"] for view in stack].index(view_id)] = shape
        else:
            stack = self.modals.setdefault(user_id, [])
            if stack:
                shape |= {"previous_view_id": stack[-1]["id"], "root_view_id": stack[0]["id"]}
            stack.append(shape)
        self.on_change()
        return shape

    def view_owner(self, view_id: str) -> tuple[str, dict[str, Any]] | None:
        """(user id, view) of an open modal or a home view."""
        for user_id, stack in self.modals.items():
            for view in stack:
                if view["id"] == view_id:
                    return user_id, view
        for user_id, home in self.homes.items():
            if home["id"] == view_id:
                return user_id, home
        return None

    def view_text(self, view: dict[str, Any]) -> str:
        return view_text(view, self.names())

    # Ids

    def new_ts(self) -> str:
        """A timestamp that no other message has: seconds and microseconds."""
        self._last_ts = max(self._last_ts + 100, int(self.clock() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06}"

    def new_id(self, prefix: str) -> str:
        self._next_id += 1
        return f"{prefix}0{self._next_id:09X}"

    def _mention(self, match: re.Match[str]) -> str:
        sign, name = match.groups()
        tail = ""
        while name:
            found = self._mention_of(sign, name)
            if found:
                return found + tail
            # "@alice." at the end of a sentence means alice: give punctuation back to the text.
            if name[-1].isalnum():
                break
            name, tail = name[:-1], name[-1] + tail
        return match.group()

    def _mention_of(self, sign: str, name: str) -> str | None:
        if sign == "#":
            found = (c for c in self.conversations.values() if c.name == name and not c.is_im)
            return next((f"<#{channel.id}|{name}>" for channel in found), None)
        for user in self.users.values():
            if user.name == name:
                return f"<@{user.id}|{name}>"
        groups = (group for group in people.USER_GROUPS if group.handle == name)
        return next((f"<!subteam^{group.id}|@{name}>" for group in groups), None)

    def _is_visible(self, message: Message, user_id: str) -> bool:
        if message.only_for is not None:
            return message.only_for == user_id
        return user_id in self.conversations[message.channel].members

    def _keep(self, message: Message) -> Message:
        rendered = plain_text(message.text, message.blocks, self.names())
        kept = replace(message, rendered=rendered)
        self._messages[kept.channel, kept.ts] = kept
        self.on_change()
        return kept

    def _with_ids(self, blocks: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
        """The blocks with the ids that Slack gives to what came without one."""
        return tuple(
            {"block_id": self.new_id("b"), **_with_action_ids(block, self.new_id)}
            for block in blocks
        )


def _with_action_ids(block: dict[str, Any], new_id: Callable[[str], str]) -> dict[str, Any]:
    """Interactive elements get an action_id where the app gave none."""

    def named(element: dict[str, Any]) -> dict[str, Any]:
        if element.get("type") in {"image", "plain_text", "mrkdwn"} or "action_id" in element:
            return element
        return {**element, "action_id": new_id("a")}

    changed = dict(block)
    if block["type"] in {"actions", "context"}:
        changed["elements"] = [named(element) for element in block["elements"]]
    for key in ("accessory", "element"):
        if key in block:
            changed[key] = named(block[key])
    return changed
