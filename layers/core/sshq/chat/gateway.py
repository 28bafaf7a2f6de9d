"""The Bolt app at the gateway: checks signatures, reads what was asked for, queues it, acknowledges."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult

from sshq.chat.catalogue import texts
from sshq.chat.command import Queue
from sshq.chat.parsing import ACTION_PREFIX, Invocation, parse_action, parse_text
from sshq.chat.views.help import help_text
from sshq.chat.views.notices import refusal
from sshq.domain.identity import Actor
from sshq.domain.jobs import Message, ResponseUrl
from sshq.domain.queue_message import Answer, QueueMessage
from sshq.domain.refusals import Refusal
from sshq.domain.request_id import request_id
from sshq.use_cases.queueing import enqueue

if TYPE_CHECKING:
    from collections.abc import Callable

    from sshq.chat.view import View
    from sshq.ports import Clock, CommandQueue


def build_app(
    *,
    signing_secret: str,
    commands: CommandQueue,
    provisioning: CommandQueue,
    language: str,
    clock: Clock,
) -> App:
    """Bolt with one listener for `/sshq` and one for every button. It needs no bot token."""
    app = App(
        signing_secret=signing_secret,
        # Without an authorize callback Bolt calls auth.test before the first acknowledgement.
        authorize=_authorise,
        process_before_response=True,
        raise_error_for_unhandled_request=False,
        logger=logging.getLogger("sshq.bolt"),
    )
    here = texts(language)

    def pass_on(invocation: Invocation, body: dict[str, Any], answer: Answer) -> None:
        message = _message(invocation, body, answer, clock)
        enqueue(message, commands=commands, provisioning=provisioning)

    @app.command("/sshq")
    def on_command(ack: Callable[..., None], body: dict[str, Any]) -> None:
        try:
            invocation = parse_text(body.get("text", ""))
            if invocation.command.queue is Queue.NONE:
                ack(**_shown(help_text(getattr(invocation.arguments, "topic", None), here)))
                return
        except Refusal as error:
            ack(**_shown(refusal(error, here)))
            return
        pass_on(invocation, body, _answer_to_command(body, clock))
        ack(here.mrkdwn("ack.queued", verb=invocation.command.verb))

    @app.action(re.compile(f"^{re.escape(ACTION_PREFIX)}"))
    def on_action(ack: Callable[..., None], body: dict[str, Any], action: dict[str, Any]) -> None:
        try:
            invocation = parse_action(
                action["action_id"], action.get("value", ""), _filled_in(body)
            )
        except Refusal:
            # A button of an older version: nothing can be done, and Slack wants its 200.
            ack()
            return
        pass_on(invocation, body, _answer_to_action(body, clock))
        ack()

    def on_person(ack: Callable[..., None], body: dict[str, Any]) -> None:
        message = _about_person(body, clock)
        if message is not None:
            enqueue(message, commands=commands, provisioning=provisioning)
        ack()

    app.event("user_change")(on_person)
    app.event("team_join")(on_person)

    @app.event(re.compile(".+"))
    def on_event(ack: Callable[..., None]) -> None:
        # Slack switches off the events of an app that doesn't answer 200.
        ack()

    return app


def _authorise(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
    """Whoever signed with our secret may knock; who may do what is decided in the use case."""
    return AuthorizeResult(
        enterprise_id=enterprise_id, team_id=team_id, bot_token="", bot_id="", bot_user_id=""
    )


def _message(
    invocation: Invocation, body: dict[str, Any], answer: Answer, clock: Clock
) -> QueueMessage:
    user, team, enterprise = _who(body)
    return QueueMessage(
        request=request_id(team, body["trigger_id"]),
        correlation=request_id(team, body["trigger_id"])[:12],
        actor=Actor(team=team, user=user, enterprise=enterprise),
        verb=invocation.command.verb,
        arguments=invocation.arguments.model_dump(mode="json"),
        answer=answer,
        received_at=clock.now(),
    )


def _about_person(body: dict[str, Any], clock: Clock) -> QueueMessage | None:
    """For who is no full person of the team (any more): the worker looks whether that concerns us.

    What the event says only wakes it; Slack is asked again there.
    """
    user: dict[str, Any] = body["event"]["user"]
    flags = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger")
    if not any(user.get(flag) for flag in flags):
        return None
    team = user.get("team_id") or body["team_id"]
    request = request_id(team, body["event_id"])
    return QueueMessage(
        request=request,
        correlation=request[:12],
        actor=Actor(team=team, user=user["id"], enterprise=body.get("enterprise_id")),
        verb="check-member",
        answer=Answer(),
        received_at=clock.now(),
    )


def _filled_in(body: dict[str, Any]) -> dict[str, Any]:
    """What stands in the inputs beside a button, by their action_id: people who were chosen."""
    blocks = body.get("state", {}).get("values", {}).values()
    return {
        name: field["selected_users"]
        for block in blocks
        for name, field in block.items()
        if field.get("type") == "multi_users_select"
    }


def _who(body: dict[str, Any]) -> tuple[str, str, str | None]:
    """(user, team, enterprise): flat in a command's form, nested in an interaction's payload."""
    if "user_id" in body:
        return body["user_id"], body["team_id"], body.get("enterprise_id") or None
    user = body["user"]
    team = user.get("team_id") or body["team"]["id"]
    enterprise = (body.get("enterprise") or {}).get("id")
    return user["id"], team, enterprise


def _answer_to_command(body: dict[str, Any], clock: Clock) -> Answer:
    url = ResponseUrl(url=body["response_url"], issued_at=clock.now())
    return Answer(channel=body.get("channel_id"), response_url=url)


def _answer_to_action(body: dict[str, Any], clock: Clock) -> Answer:
    container = body.get("container", {})
    message = (
        Message(channel=container["channel_id"], ts=container["message_ts"])
        if "message_ts" in container and not container.get("is_ephemeral")
        else None
    )
    url = body.get("response_url")
    return Answer(
        channel=container.get("channel_id"),
        message=message,
        response_url=ResponseUrl(url=url, issued_at=clock.now()) if url else None,
    )


def _shown(view: View) -> dict[str, Any]:
    return {"text": view.text, "blocks": list(view.blocks), "response_type": "ephemeral"}
