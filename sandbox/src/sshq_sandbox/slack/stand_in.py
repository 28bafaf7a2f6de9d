"""The stand-in as the supervisor runs it: a server for the bot's calls, and hands for the people.

slack = SlackStandIn(signing_secret=…, bot_token=…, request_url=…, record=calls.append)
await slack.start()
await slack.slash("alice", "run --instance ml.m5.large")
await slack.wait_for_message("alice", lambda message: "mi-" in message.rendered)
await slack.stop()
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from aiohttp import web

from sshq_sandbox.slack import payloads, people
from sshq_sandbox.slack.buttons import Button, find_button
from sshq_sandbox.slack.deliveries import FORM, JSON, Ack, Deliveries
from sshq_sandbox.slack.faults import Faults
from sshq_sandbox.slack.form_state import FormError, empty_required, state_values
from sshq_sandbox.slack.grants import ResponseUrls, TriggerIds
from sshq_sandbox.slack.methods import ApiError, Methods, message_content, valid_view
from sshq_sandbox.slack.replies import Replies
from sshq_sandbox.slack.web_api import WebApi
from sshq_sandbox.slack.workspace import SLACKBOT, UnknownNameError, Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sshq_sandbox.slack.grants import ResponseUrl
    from sshq_sandbox.slack.people import User
    from sshq_sandbox.slack.workspace import Conversation, Message

ACK_SECONDS = 3.0
EVENT_RETRY_SECONDS = (0.0, 60.0, 300.0)
"""The Events API tries again almost at once, after a minute, and after five (docs.slack.dev)."""


class SlackStandIn:
    """Slack on 127.0.0.1. All methods belong to one event loop."""

    def __init__(
        self,
        *,
        signing_secret: str,
        bot_token: str,
        request_url: str,
        record: Callable[[dict[str, Any]], None],
        clock: Callable[[], float] = time.time,
        signing_clock: Callable[[], float] | None = None,
        ack_seconds: float = ACK_SECONDS,
        event_retry_seconds: Sequence[float] = EVENT_RETRY_SECONDS,
    ) -> None:
        self._changed = asyncio.Event()
        self._clock = clock
        self._event_retry_seconds = tuple(event_retry_seconds)
        self._retries: set[asyncio.Task[None]] = set()
        self._runner: web.AppRunner | None = None
        self._root = ""
        self.workspace = Workspace(clock, on_change=self._changed.set)
        self.faults = Faults()
        self._triggers = TriggerIds(clock)
        self._response_urls = ResponseUrls(clock)
        self._replies = Replies(self.workspace)
        self._deliveries = Deliveries(
            signing_secret=signing_secret,
            request_url=request_url,
            # Slack's SDK checks signatures by the machine's time, also where `clock` was moved.
            clock=signing_clock or clock,
            ack_seconds=ack_seconds,
        )
        self._web_api = WebApi(
            bot_token=bot_token,
            methods=Methods(self.workspace, self._triggers, lambda: self._root),
            response_urls=self._response_urls,
            replies=self._replies,
            faults=self.faults,
            record=record,
            clock=clock,
        )

    @property
    def url(self) -> str:
        """The Web API's base for `SSHQ_SLACK_API_URL`, with its last slash; known after `start`."""
        return f"{self._root}api/"

    async def start(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        self._runner = web.AppRunner(self._web_api.application(), access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self._root = f"http://{host}:{port}/"
        await self._deliveries.open()

    async def stop(self) -> None:
        for retry in tuple(self._retries):
            retry.cancel()
        await asyncio.gather(*self._retries, return_exceptions=True)
        await self._deliveries.close()
        if self._runner is not None:
            await self._runner.cleanup()

    # What people do

    async def slash(self, as_name: str, text: str, channel: str | None = None) -> Ack:
        """Type `/sshq <text>` in a channel, or in the direct messages with the bot.

        What the bot answers, and Slack's own words when it doesn't, lie in the inbox afterwards.
        Raises UnknownNameError for a person or a channel that isn't there.
        """
        user = self._member(as_name)
        where = self._place(user, channel)
        typed = text.strip().removeprefix("/sshq").strip()
        trigger_id = self._lend_trigger(user)
        url, response_url = self._lend_response_url("commands", where, user, None)
        body = payloads.slash_command(
            user=user,
            channel=(where.id, where.name),
            text=self.workspace.escaped(typed),
            trigger_id=trigger_id,
            response_url=response_url,
        )
        ack = await self._deliveries.send("slash_command", body, FORM, trigger_id=trigger_id)
        error = ack.error or self._show_command_answer(ack, url)
        if error:
            sentence = f'/sshq failed with the error "{error}"'
            self.workspace.post(where, user=SLACKBOT, text=sentence, blocks=[], only_for=user.id)
        return ack

    async def click(
        self,
        as_name: str,
        label_or_action_id: str,
        filled: Mapping[str, str | Sequence[str]] = MappingProxyType({}),
    ) -> Ack:
        """Press a button: in the open modal, else on the newest message that has it, else at home.

        `filled` is what stands in the inputs beside it, by their action_id.
        Raises buttons.NoSuchButtonError or buttons.AmbiguousButtonError, which say what there is.
        """
        user = self._member(as_name)
        button = find_button(
            label_or_action_id,
            modals=self.workspace.modals.get(user.id, []),
            messages=self.workspace.inbox(user.id),
            home=self.workspace.homes.get(user.id),
        )
        action = button.action(action_ts=f"{self._clock():.6f}")
        trigger_id = self._lend_trigger(user)
        body = self._click_body(user, button, action, trigger_id, filled)
        return await self._deliveries.send("block_actions", body, FORM, trigger_id=trigger_id)

    async def submit(self, as_name: str, filled: Mapping[str, str | Sequence[str]]) -> Ack:
        """Fill in the open modal (by action_id) and submit it.

        Raises FormError when no modal is open, a field isn't there, or one that must be filled
        is empty; also with the app's own words when it answers `response_action: errors`.
        """
        user = self._member(as_name)
        stack = self.workspace.modals.get(user.id, [])
        if not stack:
            raise FormError(f"{user.name} has no open modal")
        view = stack[-1]
        values = state_values(view["blocks"], filled)
        if empty := empty_required(view["blocks"], values):
            raise FormError(f"please fill in: {', '.join(empty)}")
        trigger_id = self._lend_trigger(user)
        sent = {**view, "state": {"values": values}}
        body = payloads.view_submission(user=user, view=sent, trigger_id=trigger_id)
        ack = await self._deliveries.send("view_submission", body, FORM, trigger_id=trigger_id)
        if ack.ok:
            try:
                self._apply_view_answer(user, view, ack)
            except (ValueError, ApiError) as error:
                if isinstance(error, FormError):
                    raise
                raise FormError(f"Slack can't read this answer to a form: {ack.body}") from error
        return ack

    # What people see

    def inbox(self, as_name: str) -> list[Message]:
        """The messages that this person sees in channels, directly and alone, newest last."""
        return self.workspace.inbox(self.workspace.person(as_name).id)

    def modal(self, as_name: str) -> dict[str, Any] | None:
        """The modal that this person has open; `workspace.view_text` makes it readable."""
        stack = self.workspace.modals.get(self.workspace.person(as_name).id, [])
        return stack[-1] if stack else None

    def home(self, as_name: str) -> dict[str, Any] | None:
        """The app's home as published for this person."""
        return self.workspace.homes.get(self.workspace.person(as_name).id)

    async def wait_for_message(
        self,
        as_name: str,
        predicate: Callable[[Message], bool],
        timeout: float = 30.0,  # noqa: ASYNC109  the error must say what the inbox holds
        after: str = "",
    ) -> Message:
        """The newest message for which `predicate` holds, as soon as there is one.

        after : a ts; only newer or later edited messages count. timeout : real seconds.
        Raises TimeoutError, which quotes the last messages.
        """
        deadline = asyncio.get_running_loop().time() + timeout
        while True:
            self._changed.clear()
            inbox = self.inbox(as_name)
            for message in reversed(inbox):
                if max(message.ts, message.edited_ts or "") > after and predicate(message):
                    return message
            left = deadline - asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(left):
                    await self._changed.wait()
            except TimeoutError:
                last = "\n".join(f"  {m.ts} {m.rendered!r}" for m in inbox[-3:]) or "  nothing"
                raise TimeoutError(
                    f"no such message for {as_name} in {timeout:g} s; the inbox ends with:\n{last}"
                ) from None

    # What Slack tells

    async def open_home(self, as_name: str) -> Ack:
        """Open the app's home tab: the event `app_home_opened`."""
        user = self._member(as_name)
        body = payloads.app_home_opened(
            user=user,
            channel_id=self.workspace.direct(user.id).id,
            view=self.workspace.homes.get(user.id),
            event_id=self._event_id(),
            now=self._clock(),
        )
        return await self._tell("app_home_opened", body)

    async def change_user(self, name: str, **flags: bool) -> Ack:
        """Change flags of `people.User` (`deleted=True`, `is_restricted=True`): `user_change`."""
        now = self._clock()
        user = self.workspace.person(name).changed(updated=int(now), **flags)
        self.workspace.users[user.id] = user
        body = payloads.user_change(user=user, event_id=self._event_id(), now=now)
        return await self._tell("user_change", body)

    async def join_user(self, user: User) -> Ack:
        """Somebody new in the workspace: the event `team_join`."""
        self.workspace.users[user.id] = user
        body = payloads.team_join(user=user, event_id=self._event_id(), now=self._clock())
        return await self._tell("team_join", body)

    async def verify_url(self) -> bool:
        """Slack's check of a request URL: True when the answer echoes the challenge."""
        challenge = secrets.token_urlsafe(32)
        body = payloads.url_verification(challenge)
        ack = await self._deliveries.send("url_verification", body, JSON)
        if ack.content_type == "application/json":
            try:
                return bool(json.loads(ack.body).get("challenge") == challenge)
            except (ValueError, AttributeError):
                return False
        return ack.ok and ack.body.strip() == challenge

    async def redeliver(self, request_id: str, *, fresh_signature: bool) -> Ack:
        """Deliver a request of before again; nobody sees the answer. KeyError if it's unknown."""
        return await self._deliveries.redeliver(request_id, fresh_signature=fresh_signature)

    def _member(self, name: str) -> User:
        user = self.workspace.person(name)
        if user.deleted or user.is_bot:
            raise UnknownNameError(f"{user.name} is {'deactivated' if user.deleted else 'a bot'}")
        return user

    def _place(self, user: User, channel: str | None) -> Conversation:
        if channel is None:
            return self.workspace.direct(user.id)
        place = self.workspace.channel(channel)
        if user.id not in place.members:
            raise UnknownNameError(f"{user.name} is not in #{place.name}")
        return place

    def _lend_trigger(self, user: User) -> str:
        whole = f"{secrets.randbelow(10**13):013}.{secrets.randbelow(10**13):013}"
        trigger_id = f"{whole}.{secrets.token_hex(16)}"
        self._triggers.issue(trigger_id, user.id)
        return trigger_id

    def _lend_response_url(
        self, kind: str, where: Conversation, user: User, source_ts: str | None
    ) -> tuple[ResponseUrl, str]:
        number = secrets.randbelow(10**13)
        path = f"{kind}/{people.TEAM_ID}/{number:013}/{secrets.token_urlsafe(18)}"
        url = self._response_urls.issue(path, channel=where.id, user=user.id, source_ts=source_ts)
        return url, f"{self._root}{path}"

    def _click_body(
        self,
        user: User,
        button: Button,
        action: dict[str, Any],
        trigger_id: str,
        filled: Mapping[str, str | Sequence[str]],
    ) -> bytes:
        message = button.message
        if message is None:
            values = state_values(button.view["blocks"], filled)
            view = {**button.view, "state": {"values": values}}
            return payloads.view_action(user=user, view=view, action=action, trigger_id=trigger_id)
        where = self.workspace.conversations[message.channel]
        _, response_url = self._lend_response_url("actions", where, user, message.ts)
        return payloads.message_action(
            user=user,
            channel=(where.id, where.name),
            message=message.payload(),
            is_ephemeral=message.is_ephemeral,
            state=state_values(message.blocks, filled),
            action=action,
            trigger_id=trigger_id,
            response_url=response_url,
        )

    def _show_command_answer(self, ack: Ack, url: ResponseUrl) -> str | None:
        """Show what stands in an acknowledgement; Slack's word when it can't be shown."""
        if not ack.body.strip():
            return None
        answer: Any = {"text": ack.body}
        if ack.content_type == "application/json":
            try:
                answer = json.loads(ack.body)
                if not answer:
                    return None
                message_content(answer)
            except (ValueError, AttributeError, ApiError):
                return "invalid_command_response"
        self._replies.show(url, answer)
        return None

    def _apply_view_answer(self, user: User, view: dict[str, Any], ack: Ack) -> None:
        stack = self.workspace.modals[user.id]
        answer = json.loads(ack.body) if ack.body.strip() else {}
        match answer.get("response_action"):
            case "errors":
                faults = "; ".join(f"{block}: {why}" for block, why in answer["errors"].items())
                raise FormError(faults)
            case "clear":
                stack.clear()
            case "update":
                changed = valid_view(answer.get("view"), "modal")
                self.workspace.new_view(changed, user.id, view)
            case "push":
                self.workspace.new_view(valid_view(answer.get("view"), "modal"), user.id)
            case _:
                stack[:] = [other for other in stack if other["id"] != view["id"]]

    async def _tell(self, kind: str, body: bytes) -> Ack:
        ack = await self._deliveries.send(kind, body, JSON)
        if not ack.ok and not ack.no_retry:
            retry = asyncio.create_task(self._retry(ack))
            self._retries.add(retry)
            retry.add_done_callback(self._retries.discard)
        return ack

    async def _retry(self, ack: Ack) -> None:
        for seconds in self._event_retry_seconds:
            await asyncio.sleep(seconds)
            ack = await self._deliveries.retry(ack)
            if ack.ok or ack.no_retry:
                return

    def _event_id(self) -> str:
        return f"Ev0{secrets.token_hex(4).upper()}"
