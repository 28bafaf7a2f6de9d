"""Slack's Web API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.webhook import WebhookClient

from sshq.domain.jobs import Message
from sshq.domain.members import Profile

if TYPE_CHECKING:
    from datetime import datetime

    from slack_sdk import WebClient

    from sshq.chat.view import View


# https://docs.slack.dev/messaging/message-metadata
_KEYED = "sshq_request"
_CLOCKS_APART_SECONDS = 60
# It was deleted, say: asking again changes nothing. https://docs.slack.dev/reference/methods/chat.update
_UNCHANGEABLE = {
    "cant_update_message",
    "channel_not_found",
    "edit_window_closed",
    "is_inactive",
    "message_not_found",
}


class SlackChat:
    """ports.Chat"""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def direct_message(self, user: str) -> str:
        found = self._client.conversations_open(users=user)
        channel: dict[str, Any] = found["channel"]
        return str(channel["id"])

    def post(self, channel: str, view: View, *, key: str = "") -> Message:
        posted = self._client.chat_postMessage(
            channel=channel,
            text=view.text,
            blocks=list(view.blocks) or None,
            unfurl_links=False,
            unfurl_media=False,
            metadata={"event_type": _KEYED, "event_payload": {"key": key}} if key else None,
        )
        return Message(channel=str(posted["channel"]), ts=str(posted["ts"]))

    def find(self, channel: str, key: str, since: datetime) -> Message | None:
        found = self._client.conversations_history(
            channel=channel,
            oldest=str(since.timestamp() - _CLOCKS_APART_SECONDS),
            include_all_metadata=True,
            limit=200,
        )
        messages: list[dict[str, Any]] = found["messages"]
        for message in messages:
            metadata = message.get("metadata", {})
            if metadata.get("event_type") == _KEYED and metadata["event_payload"]["key"] == key:
                return Message(channel=channel, ts=str(message["ts"]))
        return None

    def update(self, message: Message, view: View) -> None:
        try:
            self._client.chat_update(
                channel=message.channel, ts=message.ts, text=view.text, blocks=list(view.blocks)
            )
        except SlackApiError as error:
            why = error.response["error"]
            if why not in _UNCHANGEABLE:
                raise
            Logger(child=True).warning("a message can't be changed any more", extra={"why": why})

    def respond(self, response_url: str, view: View) -> bool:
        try:
            answer = WebhookClient(response_url).send(
                text=view.text,
                blocks=list(view.blocks) or None,
                response_type="ephemeral",
            )
        except (SlackClientError, OSError, ValueError):
            return False
        return answer.status_code == 200

    def group_members(self, group: str) -> list[str] | None:
        try:
            found: list[str] = self._client.usergroups_users_list(usergroup=group)["users"]
        except SlackApiError as error:
            if error.response["error"] == "no_such_subteam":
                return None
            raise
        return found

    def profile(self, user: str) -> Profile | None:
        try:
            found: dict[str, Any] = self._client.users_info(user=user, include_locale=True)["user"]
        except SlackApiError as error:
            if error.response["error"] in {"user_not_found", "user_not_visible"}:
                return None
            raise
        return Profile(
            user=found["id"],
            team=found["team_id"],
            name=found.get("name", found["id"]),
            locale=found.get("locale", ""),
            deleted=found.get("deleted", False),
            bot=found.get("is_bot", False) or found["id"] == "USLACKBOT",
            restricted=found.get("is_restricted", False) or found.get("is_ultra_restricted", False),
            stranger=found.get("is_stranger", False),
        )
