"""What people do, what the app receives for it, and what they see afterwards."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import Clock as VerifierClock
from slack_sdk.signature import SignatureVerifier
from slack_sdk.webhook import WebhookClient

from sshq_sandbox.slack.buttons import NoSuchButtonError
from sshq_sandbox.slack.form_state import FormError
from sshq_sandbox.slack.people import User
from sshq_sandbox.slack.workspace import UnknownNameError
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from tests.integration.sandbox.slack.conftest import Answer, Play, Received, World

ALICE = "U0ALICE0001"

BUTTONS = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "a plan"}},
    {
        "type": "actions",
        "block_id": "plan",
        "elements": [
            {
                "type": "button",
                "action_id": "confirm",
                "text": {"type": "plain_text", "text": "Confirm"},
                "value": "plan-1",
            }
        ],
    },
]
MODAL_BLOCKS = [
    {
        "type": "input",
        "block_id": "instance",
        "label": {"type": "plain_text", "text": "Instance"},
        "element": {"type": "plain_text_input", "action_id": "type"},
    }
]
MODAL = {
    "type": "modal",
    "callback_id": "run",
    "title": {"type": "plain_text", "text": "Run"},
    "submit": {"type": "plain_text", "text": "Go"},
    "blocks": MODAL_BLOCKS,
}


def form(received: Received) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(received.body.decode()).items()}


def interaction(received: Received) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(form(received)["payload"])
    return payload


def is_signed(world: World, received: Received) -> bool:
    clock = VerifierClock()
    clock.now = world.clock  # type: ignore[method-assign]
    verifier = SignatureVerifier("8f742231b10e8888abcd99yyyzzz85a5", clock=clock)
    return verifier.is_valid_request(received.body, received.headers)


def answers(body: str = "", *, status: int = 200, content_type: str | None = None) -> Answer:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text=body, status=status, content_type=content_type)

    return answer


def answers_json(body: object) -> Answer:
    return answers(json.dumps(body), content_type="application/json")


def test_a_slash_command_is_signed_and_its_answer_is_shown_to_who_typed_it(play: Play) -> None:
    async def scenario(world: World) -> None:
        world.answer = answers_json({"text": "on it", "response_type": "ephemeral"})

        ack = await world.slack.slash("alice", "/sshq add-user @bob", channel="general")

        assert (ack.ok, ack.status, ack.kind) == (True, 200, "slash_command")
        sent = form(world.received[0])
        assert sent["text"] == "add-user <@U0BOB000001|bob>"
        assert (sent["channel_name"], sent["trigger_id"]) == ("general", ack.trigger_id)
        assert is_signed(world, world.received[0])
        assert [(m.text, m.only_for) for m in world.slack.inbox("alice")] == [("on it", ALICE)]
        assert world.slack.inbox("bob") == []

    play(scenario)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (answers("", status=500), "dispatch_failed"),
        (answers("{", content_type="application/json"), "invalid_command_response"),
        (answers_json({"blocks": [{"type": "marquee"}]}), "invalid_command_response"),
    ],
)
def test_a_command_that_fails_says_so_as_slack_does(play: Play, answer: Answer, word: str) -> None:
    async def scenario(world: World) -> None:
        world.answer = answer

        await world.slack.slash("alice", "help")

        (shown,) = world.slack.inbox("alice")
        assert (shown.user, shown.text) == ("USLACKBOT", f'/sshq failed with the error "{word}"')

    play(scenario)


def test_an_answer_that_is_late_is_no_answer(play: Play) -> None:
    async def scenario(world: World) -> None:
        released = asyncio.Event()

        async def late(_request: web.Request) -> web.Response:
            await released.wait()
            return web.Response(text="too late")

        world.answer = late
        ack = await world.slack.slash("alice", "help")
        released.set()

        assert (ack.error, ack.status) == ("operation_timeout", None)
        assert [m.text for m in world.slack.inbox("alice")] == [
            '/sshq failed with the error "operation_timeout"'
        ]

    play(scenario, ack_seconds=0.2)


def test_a_response_url_answers_five_times_and_may_replace(play: Play) -> None:
    async def scenario(world: World) -> None:
        await world.slack.slash("alice", "status", channel="general")
        hook = WebhookClient(form(world.received[0])["response_url"])
        sent: list[dict[str, Any]] = [
            {"text": "one"},
            {"text": "two", "replace_original": True},
            {"text": "all", "response_type": "in_channel"},
            {"delete_original": True},
            {"text": "five"},
            {"text": "six"},
        ]

        results = [await world.call(hook.send, **body) for body in sent]

        assert [result.status_code for result in results] == [200] * 5 + [404]
        assert json.loads(results[-1].body)["error"] == "used_url"
        assert [m.text for m in world.slack.inbox("alice")] == ["all", "five"]
        assert [m.text for m in world.slack.inbox("bob")] == ["all"]
        assert world.calls[-1]["method"] == "response_url"

    play(scenario)


def test_a_response_url_dies_after_half_an_hour(play: Play) -> None:
    async def scenario(world: World) -> None:
        await world.slack.slash("alice", "status")
        hook = WebhookClient(form(world.received[0])["response_url"])
        world.clock.now += 1801

        result = await world.call(hook.send, text="late")

        assert (result.status_code, json.loads(result.body)["error"]) == (404, "expired_url")

    play(scenario)


def test_a_click_carries_the_message_and_its_response_url_changes_it(play: Play) -> None:
    async def scenario(world: World) -> None:
        posted = await world.call(
            world.client().chat_postMessage, channel=ALICE, text="a plan", blocks=BUTTONS
        )
        ack = await world.slack.click("alice", "Confirm")
        payload = interaction(world.received[0])
        await world.call(
            WebhookClient(payload["response_url"]).send, text="done", replace_original=True
        )

        assert (ack.ok, ack.kind) == (True, "block_actions")
        assert is_signed(world, world.received[0])
        assert payload["message"]["ts"] == payload["container"]["message_ts"] == posted["ts"]
        action = payload["actions"][0]
        assert (action["action_id"], action["value"], action["block_id"]) == (
            "confirm",
            "plan-1",
            "plan",
        )
        assert [m.rendered for m in world.slack.inbox("alice")] == ["done"]
        with pytest.raises(NoSuchButtonError, match="no button at all"):
            await world.slack.click("alice", "Confirm")

    play(scenario)


def test_a_button_on_an_ephemeral_message_is_pressed_without_its_message(play: Play) -> None:
    async def scenario(world: World) -> None:
        await world.call(
            world.client().chat_postEphemeral,
            channel="C0GENERAL01",
            user=ALICE,
            text="a plan",
            blocks=BUTTONS,
        )
        with pytest.raises(NoSuchButtonError):
            await world.slack.click("bob", "confirm")
        await world.slack.click("alice", "confirm")
        payload = interaction(world.received[0])
        await world.call(WebhookClient(payload["response_url"]).send, delete_original=True)

        assert payload["container"]["is_ephemeral"] is True
        assert "message" not in payload
        assert world.slack.inbox("alice") == []

    play(scenario)


def test_a_modal_is_opened_filled_in_and_submitted(play: Play) -> None:
    async def scenario(world: World) -> None:
        client = world.client()
        ack = await world.slack.slash("alice", "run")
        await world.call(client.views_open, trigger_id=ack.trigger_id, view=MODAL)
        with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
            await world.call(client.views_open, trigger_id=ack.trigger_id, view=MODAL)
        with pytest.raises(FormError, match="please fill in: Instance"):
            await world.slack.submit("alice", {})

        world.answer = answers_json(
            {"response_action": "errors", "errors": {"instance": "no such type"}}
        )
        with pytest.raises(FormError, match="instance: no such type"):
            await world.slack.submit("alice", {"type": "ml.x"})
        world.answer = answers_json({"response_action": "update", "view": MODAL})
        await world.slack.submit("alice", {"type": "ml.m5.large"})
        assert world.slack.modal("alice") is not None
        world.answer = answers()
        await world.slack.submit("alice", {"type": "ml.m5.large"})

        assert world.slack.modal("alice") is None
        view = interaction(world.received[-1])["view"]
        assert view["callback_id"] == "run"
        assert view["state"]["values"] == {
            "instance": {"type": {"type": "plain_text_input", "value": "ml.m5.large"}}
        }

    play(scenario)


def test_a_button_at_home_and_one_in_a_modal(play: Play) -> None:
    async def scenario(world: World) -> None:
        client = world.client()
        home = {"type": "home", "blocks": BUTTONS}
        await world.call(client.views_publish, user_id=ALICE, view=home)
        ack = await world.slack.click("alice", "Confirm")
        modal = {**MODAL, "blocks": [*MODAL_BLOCKS, BUTTONS[1]]}
        await world.call(client.views_open, trigger_id=ack.trigger_id, view=modal)
        await world.slack.click("alice", "Confirm")

        at_home, in_modal = (interaction(received) for received in world.received)
        assert at_home["view"]["type"] == "home"
        assert at_home["container"] == {"type": "view", "view_id": at_home["view"]["id"]}
        assert in_modal["view"]["callback_id"] == "run"
        assert in_modal["view"]["state"]["values"] == {
            "instance": {"type": {"type": "plain_text_input", "value": None}}
        }
        assert "response_url" not in in_modal
        assert "message" not in in_modal

    play(scenario)


def test_a_modal_comes_too_late_after_three_seconds(play: Play) -> None:
    async def scenario(world: World) -> None:
        ack = await world.slack.slash("alice", "run")
        world.clock.now += 3.5

        with pytest.raises(SlackApiError, match="expired_trigger_id"):
            await world.call(world.client().views_open, trigger_id=ack.trigger_id, view=MODAL)
        assert world.slack.modal("alice") is None

    play(scenario)


def test_a_request_is_delivered_again_as_it_was_or_signed_anew(play: Play) -> None:
    async def scenario(world: World) -> None:
        world.answer = answers("once")
        ack = await world.slack.slash("alice", "run")
        world.clock.now += 60

        replay = await world.slack.redeliver(ack.request_id, fresh_signature=False)
        await world.slack.redeliver(replay.request_id, fresh_signature=True)

        first, same, fresh = world.received
        assert first.body == same.body == fresh.body
        signature = "X-Slack-Signature"
        assert first.headers[signature] == same.headers[signature] != fresh.headers[signature]
        assert is_signed(world, fresh)
        assert [m.text for m in world.slack.inbox("alice")] == ["once"]

    play(scenario)


def test_an_event_is_tried_again_until_it_is_acknowledged(play: Play) -> None:
    async def scenario(world: World) -> None:
        acknowledged = asyncio.Event()

        async def third_time(_request: web.Request) -> web.Response:
            if len(world.received) < 3:
                return web.Response(status=500)
            acknowledged.set()
            return web.Response()

        world.answer = third_time
        ack = await world.slack.change_user("carol", deleted=True)
        await acknowledged.wait()

        assert (ack.error, ack.kind) == ("dispatch_failed", "user_change")
        assert [r.headers.get("X-Slack-Retry-Num") for r in world.received] == [None, "1", "2"]
        assert world.received[1].headers["X-Slack-Retry-Reason"] == "http_error"
        events = [json.loads(received.body) for received in world.received]
        assert len({event["event_id"] for event in events}) == 1
        assert all(is_signed(world, received) for received in world.received)
        assert events[0]["event"]["user"]["deleted"] is True
        with pytest.raises(UnknownNameError, match="carol is deactivated"):
            await world.slack.slash("carol", "help")

    play(scenario)


def test_other_events_and_the_url_check(play: Play) -> None:
    async def scenario(world: World) -> None:
        await world.slack.open_home("alice")
        await world.slack.join_user(User("U0ERIN00001", "erin", "Erin Euler"))
        home, joined = (json.loads(received.body) for received in world.received)

        assert (home["event"]["type"], home["event"]["user"]) == ("app_home_opened", ALICE)
        assert (joined["event"]["type"], joined["event"]["user"]["name"]) == ("team_join", "erin")
        assert world.slack.inbox("erin") == []

        async def echo(_request: web.Request) -> web.Response:
            return web.json_response(
                {"challenge": json.loads(world.received[-1].body)["challenge"]}
            )

        assert await world.slack.verify_url() is False
        world.answer = echo
        assert await world.slack.verify_url() is True

    play(scenario)


def test_waiting_for_a_message(play: Play) -> None:
    async def scenario(world: World) -> None:
        waiting = asyncio.create_task(
            world.slack.wait_for_message(
                "alice", lambda message: "mi-" in message.rendered, PATIENCE_SECONDS
            )
        )
        client = world.client()
        first = await world.call(client.chat_postMessage, channel=ALICE, text="starting")
        assert not waiting.done()
        await world.call(
            client.chat_update, channel=first["channel"], ts=first["ts"], text="node mi-1"
        )

        found = await waiting
        assert found.ts == first["ts"]
        with pytest.raises(TimeoutError, match=r"no such message for alice in 0\.01 s"):
            await world.slack.wait_for_message(
                "alice", lambda _: True, 0.01, after=found.edited_ts or ""
            )

    play(scenario)


def test_who_can_not_type_a_command(play: Play) -> None:
    async def scenario(world: World) -> None:
        with pytest.raises(UnknownNameError, match="carol is not in #ml-team"):
            await world.slack.slash("carol", "help", channel="ml-team")
        with pytest.raises(UnknownNameError, match="there are admin"):
            await world.slack.slash("mallory", "help")
        assert world.received == []

    play(scenario)
