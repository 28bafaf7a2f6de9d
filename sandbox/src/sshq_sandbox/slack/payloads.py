"""The requests that Slack sends, built from the recorded shapes in `events/slack/`.

A template is copied and only what differs from one request to the next is replaced, so that a field
which is missing here is missing in the shared payloads too, where tests of the functions see it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sshq_sandbox.slack.people import APP_ID, BOT_ID, TEAM_DOMAIN, TEAM_ID

if TYPE_CHECKING:
    from sshq_sandbox.slack.people import User

EVENTS = Path(__file__).resolve().parents[4] / "events"
"""The repository's shared payloads: the sandbox runs from a checkout, as it reads template.yaml."""

_TEAM = {"id": TEAM_ID, "domain": TEAM_DOMAIN}


def template(path: str, events: Path = EVENTS) -> dict[str, Any]:
    """A fresh copy of one payload, e.g. `slack/slash_command.json`."""
    payload: dict[str, Any] = json.loads((events / path).read_text(encoding="utf-8"))
    return payload


def slash_command(
    *, user: User, channel: tuple[str, str], text: str, trigger_id: str, response_url: str
) -> bytes:
    """The form of a slash command; `channel` is (id, name), `text` already escaped by Slack."""
    form = template("slack/slash_command.json")
    form |= {
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel[0],
        "channel_name": channel[1],
        "user_id": user.id,
        "user_name": user.name,
        "text": text,
        "api_app_id": APP_ID,
        "response_url": response_url,
        "trigger_id": trigger_id,
    }
    return urlencode(form).encode()


def message_action(
    *,
    user: User,
    channel: tuple[str, str],
    message: dict[str, Any],
    is_ephemeral: bool,
    state: dict[str, Any],
    action: dict[str, Any],
    trigger_id: str,
    response_url: str,
) -> bytes:
    """The form of a click on a message. An ephemeral message isn't sent back: Slack keeps none."""
    payload = _interaction("slack/block_actions.json", user, trigger_id)
    payload["container"] = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": channel[0],
        "is_ephemeral": is_ephemeral,
    }
    payload["channel"] = {"id": channel[0], "name": channel[1]}
    payload["state"] = {"values": state}
    payload["response_url"] = response_url
    payload["actions"] = [action]
    if is_ephemeral:
        del payload["message"]
    else:
        payload["message"] = message
    return _interaction_body(payload)


def view_action(
    *, user: User, view: dict[str, Any], action: dict[str, Any], trigger_id: str
) -> bytes:
    """The form of a click in a modal or in the app's home: no message, no response_url."""
    payload = _interaction("slack/block_actions.json", user, trigger_id)
    for absent in ("message", "channel", "response_url", "state"):
        del payload[absent]
    payload["container"] = {"type": "view", "view_id": view["id"]}
    payload["view"] = view
    payload["actions"] = [action]
    return _interaction_body(payload)


def view_submission(*, user: User, view: dict[str, Any], trigger_id: str) -> bytes:
    """The form of a modal's submit button; the view carries the state that the user filled in."""
    payload = _interaction("slack/view_submission.json", user, trigger_id)
    payload["view"] = view
    return _interaction_body(payload)


def app_home_opened(
    *, user: User, channel_id: str, view: dict[str, Any] | None, event_id: str, now: float
) -> bytes:
    payload = _event("slack/app_home_opened.json", event_id, now)
    payload["event"] |= {"user": user.id, "channel": channel_id}
    if view is not None:
        payload["event"]["view"] = view
    return json.dumps(payload).encode()


def user_change(*, user: User, event_id: str, now: float) -> bytes:
    payload = _event("slack/user_change.json", event_id, now)
    payload["event"] |= {"user": user_object(user), "cache_ts": int(now)}
    return json.dumps(payload).encode()


def team_join(*, user: User, event_id: str, now: float) -> bytes:
    payload = _event("slack/team_join.json", event_id, now)
    payload["event"]["user"] = user_object(user)
    return json.dumps(payload).encode()


def url_verification(challenge: str) -> bytes:
    return json.dumps(template("slack/url_verification.json") | {"challenge": challenge}).encode()


def user_object(user: User) -> dict[str, Any]:
    """A user as users.info, users.list and the events show one."""
    shape: dict[str, Any] = template("slack/user_change.json")["event"]["user"]
    first, _, last = user.real_name.partition(" ")
    shape |= {
        "id": user.id,
        "team_id": user.team_id,
        "name": user.name,
        "real_name": user.real_name,
        "deleted": user.deleted,
        "is_admin": user.is_admin,
        "is_owner": user.is_admin,
        "is_bot": user.is_bot,
        "is_restricted": user.is_restricted,
        "is_ultra_restricted": user.is_ultra_restricted,
        "updated": user.updated,
    }
    shape["profile"] |= {
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": user.name,
        "display_name_normalized": user.name,
        "email": f"{user.name}@example.com",
        "first_name": first,
        "last_name": last,
        "team": user.team_id,
    }
    if user.is_stranger:
        shape["is_stranger"] = True
    if user.is_bot:
        shape["profile"] |= {"api_app_id": APP_ID, "bot_id": BOT_ID, "always_active": True}
        del shape["profile"]["email"]
    return shape


def _interaction(path: str, user: User, trigger_id: str) -> dict[str, Any]:
    payload = template(path)
    payload["user"] = {
        "id": user.id,
        "username": user.name,
        "name": user.name,
        "team_id": user.team_id,
    }
    payload |= {"team": _TEAM, "api_app_id": APP_ID, "trigger_id": trigger_id}
    return payload


def _interaction_body(payload: dict[str, Any]) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


def _event(path: str, event_id: str, now: float) -> dict[str, Any]:
    payload = template(path)
    payload |= {
        "team_id": TEAM_ID,
        "api_app_id": APP_ID,
        "event_id": event_id,
        "event_time": int(now),
    }
    payload["event"]["event_ts"] = f"{now:.6f}"
    return payload
