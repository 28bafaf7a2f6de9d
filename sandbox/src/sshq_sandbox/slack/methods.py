"""The Web API methods that the bot uses, on a Workspace. No HTTP here: arguments in, answer out.

Each method's arguments, answer and errors are those of its page at docs.slack.dev.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

from sshq_sandbox.slack import people
from sshq_sandbox.slack.block_kit import message_faults, view_faults
from sshq_sandbox.slack.grants import GrantError
from sshq_sandbox.slack.payloads import user_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sshq_sandbox.slack.block_kit import Json
    from sshq_sandbox.slack.grants import TriggerIds
    from sshq_sandbox.slack.workspace import Conversation, Message, Workspace

LONGEST_TEXT = 40_000

Arguments = dict[str, Any]
Answer = dict[str, Any]


class ApiError(Exception):
    """What Slack says instead: `error`, and `response_metadata.messages` where there are any."""

    def __init__(self, code: str, faults: tuple[str, ...] = ()) -> None:
        super().__init__(code, *faults)
        self.code = code
        self.faults = faults


class Methods:
    """What api/<method> does. The caller is always the bot: other tokens are refused before."""

    def __init__(self, workspace: Workspace, triggers: TriggerIds, url: Callable[[], str]) -> None:
        self._workspace = workspace
        self._triggers = triggers
        self._url = url
        self._methods: Mapping[str, Callable[[Arguments], Answer]] = {
            "api.test": lambda arguments: {"args": arguments} if arguments else {},
            "auth.test": self._auth_test,
            "chat.delete": self._chat_delete,
            "chat.postEphemeral": self._chat_post_ephemeral,
            "chat.postMessage": self._chat_post_message,
            "chat.update": self._chat_update,
            "conversations.history": self._conversations_history,
            "conversations.open": self._conversations_open,
            "usergroups.users.list": self._usergroups_users_list,
            "users.info": self._users_info,
            "users.list": self._users_list,
            "views.open": self._views_open,
            "views.publish": self._views_publish,
            "views.update": self._views_update,
        }

    def call(self, method: str, arguments: Arguments) -> Answer:
        """The answer without its `ok`. Raises ApiError."""
        implementation = self._methods.get(method)
        if implementation is None:
            raise ApiError("unknown_method")
        return implementation(arguments)

    def _auth_test(self, _arguments: Arguments) -> Answer:
        return {
            "url": self._url(),
            "team": people.TEAM_NAME,
            "user": self._workspace.users[people.BOT_USER_ID].name,
            "team_id": people.TEAM_ID,
            "user_id": people.BOT_USER_ID,
            "bot_id": people.BOT_ID,
            "is_enterprise_install": False,
        }

    def _chat_post_message(self, arguments: Arguments) -> Answer:
        conversation = self._conversation(required(arguments, "channel"))
        if people.BOT_USER_ID not in conversation.members:
            raise ApiError("not_in_channel")
        text, blocks = message_content(arguments)
        message = self._workspace.post(
            conversation,
            user=people.BOT_USER_ID,
            text=text or "",
            blocks=blocks or [],
            thread_ts=arguments.get("thread_ts"),
            metadata=_metadata(arguments),
        )
        return {"channel": conversation.id, "ts": message.ts, "message": message.payload()}

    def _chat_post_ephemeral(self, arguments: Arguments) -> Answer:
        conversation = self._conversation(required(arguments, "channel"))
        reader = required(arguments, "user")
        if people.BOT_USER_ID not in conversation.members:
            raise ApiError("not_in_channel")
        if reader not in conversation.members:
            raise ApiError("user_not_in_channel")
        text, blocks = message_content(arguments)
        message = self._workspace.post(
            conversation,
            user=people.BOT_USER_ID,
            text=text or "",
            blocks=blocks or [],
            only_for=reader,
            thread_ts=arguments.get("thread_ts"),
        )
        return {"message_ts": message.ts}

    def _chat_update(self, arguments: Arguments) -> Answer:
        message = self._own_message(arguments, "cant_update_message")
        text, blocks = message_content(arguments)
        changed = self._workspace.edit(message, text=text, blocks=blocks)
        return {
            "channel": changed.channel,
            "ts": changed.ts,
            "text": changed.text,
            "message": changed.payload(),
        }

    def _chat_delete(self, arguments: Arguments) -> Answer:
        message = self._own_message(arguments, "cant_delete_message")
        self._workspace.delete(message)
        return {"channel": message.channel, "ts": message.ts}

    def _conversations_history(self, arguments: Arguments) -> Answer:
        conversation = self._conversation(required(arguments, "channel"))
        if people.BOT_USER_ID not in conversation.members:
            raise ApiError("not_in_channel")
        found = self._workspace.history(conversation.id, float(arguments.get("oldest") or 0))
        with_metadata = arguments.get("include_all_metadata") in (True, "true", "1", 1)
        limit = int(arguments.get("limit") or 100)
        return {
            "messages": [
                message.payload()
                | ({"metadata": message.metadata} if with_metadata and message.metadata else {})
                for message in found[:limit]
            ],
            "has_more": len(found) > limit,
        }

    def _conversations_open(self, arguments: Arguments) -> Answer:
        if arguments.get("channel"):
            opened = self._conversation(arguments["channel"])
            return {"no_op": True, "already_open": True, "channel": {"id": opened.id}}
        users = arguments.get("users") or []
        ids = users.split(",") if isinstance(users, str) else list(users)
        if not ids:
            raise ApiError("users_list_not_supplied")
        if len(ids) > 1:
            # Slack has conversations of several people; the bot has no use for them.
            raise ApiError("too_many_users")
        user = self._workspace.users.get(ids[0].strip())
        if user is None:
            raise ApiError("user_not_found")
        if user.deleted:
            raise ApiError("user_disabled")
        if user.is_bot:
            raise ApiError("invalid_user_combination")
        is_open = any(c.user == user.id for c in self._workspace.conversations.values())
        state = {"no_op": True, "already_open": True} if is_open else {}
        return {**state, "channel": {"id": self._workspace.direct(user.id).id}}

    def _users_info(self, arguments: Arguments) -> Answer:
        user = self._workspace.users.get(required(arguments, "user"))
        if user is None:
            raise ApiError("user_not_found")
        return {"user": user_object(user)}

    def _users_list(self, arguments: Arguments) -> Answer:
        everyone = list(self._workspace.users.values())
        start = _position(arguments.get("cursor"))
        end = start + int(arguments.get("limit") or len(everyone))
        following = _cursor(end) if end < len(everyone) else ""
        return {
            "members": [user_object(user) for user in everyone[start:end]],
            "cache_ts": int(self._workspace.clock()),
            "response_metadata": {"next_cursor": following},
        }

    def _usergroups_users_list(self, arguments: Arguments) -> Answer:
        wanted = required(arguments, "usergroup")
        for group in people.USER_GROUPS:
            if group.id == wanted:
                return {"users": list(group.users)}
        raise ApiError("no_such_subteam")

    def _views_open(self, arguments: Arguments) -> Answer:
        trigger_id = required(arguments, "trigger_id")
        view = valid_view(arguments.get("view"), "modal")
        try:
            user_id = self._triggers.redeem(trigger_id)
        except GrantError as refused:
            raise ApiError(refused.code) from None
        self._workspace.modals.pop(user_id, None)
        return {"view": self._workspace.new_view(view, user_id)}

    def _views_publish(self, arguments: Arguments) -> Answer:
        user_id = required(arguments, "user_id")
        user = self._workspace.users.get(user_id)
        if user is None or user.is_bot:
            raise ApiError("invalid_arguments", ("[ERROR] user_not_found",))
        view = valid_view(arguments.get("view"), "home")
        home = self._workspace.homes.get(user_id)
        _same_hash(arguments, home)
        return {"view": self._workspace.new_view(view, user_id, home)}

    def _views_update(self, arguments: Arguments) -> Answer:
        found = self._workspace.view_owner(required(arguments, "view_id"))
        if found is None:
            raise ApiError("not_found")
        user_id, previous = found
        view = valid_view(arguments.get("view"), previous["type"])
        _same_hash(arguments, previous)
        return {"view": self._workspace.new_view(view, user_id, previous)}

    def _conversation(self, channel: str) -> Conversation:
        """By id, by name, or the direct messages with a user id."""
        found = self._workspace.conversations.get(channel)
        if found is not None:
            return found
        user = self._workspace.users.get(channel)
        if user is not None and not user.deleted and not user.is_bot:
            return self._workspace.direct(user.id)
        name = channel.removeprefix("#")
        for conversation in self._workspace.conversations.values():
            if conversation.name == name and not conversation.is_im:
                return conversation
        raise ApiError("channel_not_found")

    def _own_message(self, arguments: Arguments, refusal: str) -> Message:
        conversation = self._workspace.conversations.get(required(arguments, "channel"))
        if conversation is None:
            raise ApiError("channel_not_found")
        message = self._workspace.find(conversation.id, required(arguments, "ts"))
        if message is None or message.is_ephemeral:
            raise ApiError("message_not_found")
        if message.user != people.BOT_USER_ID:
            raise ApiError(refusal)
        return message


def required(arguments: Arguments, name: str) -> str:
    """A text argument. Raises ApiError(invalid_arguments) where it is missing or no text."""
    value = arguments.get(name)
    if not isinstance(value, str) or not value:
        raise ApiError("invalid_arguments", (f"[ERROR] missing required field: {name}",))
    return value


def message_content(arguments: Arguments) -> tuple[str | None, list[dict[str, Any]] | None]:
    """(text, blocks) of a message, each None when it wasn't given; checked as Slack checks them."""
    text = arguments.get("text")
    blocks = _parsed(arguments.get("blocks"), "invalid_blocks_format")
    if text is not None and not isinstance(text, str):
        raise ApiError("invalid_arguments", ("[ERROR] must provide a string [json-pointer:/text]",))
    if blocks is not None:
        if not isinstance(blocks, list):
            raise ApiError("invalid_blocks_format")
        if faults := message_faults(blocks):
            raise ApiError("invalid_blocks", tuple(f"[ERROR] {fault}" for fault in faults))
    if not blocks and not text:
        raise ApiError("no_text")
    if text and len(text) > LONGEST_TEXT:
        raise ApiError("msg_too_long")
    return text, blocks


def _metadata(arguments: Arguments) -> dict[str, Any]:
    """https://docs.slack.dev/messaging/message-metadata"""
    given = _parsed(arguments.get("metadata") or {}, "invalid_metadata_format")
    if given and (not isinstance(given, dict) or set(given) != {"event_type", "event_payload"}):
        raise ApiError("invalid_metadata_schema")
    return dict(given)


def valid_view(given: Json, kind: str) -> dict[str, Any]:
    """The view when Slack would take it as a `modal` or as a `home`. Raises ApiError."""
    view = _parsed(given, "invalid_arguments")
    if not isinstance(view, dict):
        raise ApiError("invalid_arguments", ("[ERROR] missing required field: view",))
    faults = view_faults(view)
    if not faults and view["type"] != kind:
        faults = [f"expected [{kind}] [json-pointer:/view/type]"]
    if faults:
        raise ApiError("invalid_arguments", tuple(f"[ERROR] {fault}" for fault in faults))
    return view


def _parsed(value: Json, refusal: str) -> Json:
    """An argument that a form carries as JSON text and a JSON body as itself."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ApiError(refusal) from None


def _same_hash(arguments: Arguments, view: dict[str, Any] | None) -> None:
    expected = arguments.get("hash")
    if expected and (view is None or view["hash"] != expected):
        raise ApiError("hash_conflict")


def _cursor(position: int) -> str:
    return base64.b64encode(f"user:{position}".encode()).decode()


def _position(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("user:"))
    except (ValueError, binascii.Error):
        raise ApiError("invalid_cursor") from None
