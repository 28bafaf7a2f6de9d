"""Slack's own client against the stand-in: what it gets is what Slack would say."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.models.blocks import PlainTextObject, SectionBlock
from slack_sdk.models.views import View

from sshq_sandbox.slack.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_sdk.web import SlackResponse

    from tests.integration.sandbox.slack.conftest import Play, World

ALICE = "U0ALICE0001"


def section(text: str = "hello") -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


async def refusal(world: World, method: Callable[..., SlackResponse], **arguments: object) -> str:
    with pytest.raises(SlackApiError) as refused:
        await world.call(method, **arguments)
    return str(refused.value.response["error"])


def test_who_am_i_and_who_are_they(play: Play) -> None:
    async def scenario(world: World) -> None:
        client = world.client()
        me = await world.call(client.auth_test)
        alice = (await world.call(client.users_info, user=ALICE))["user"]
        first = await world.call(client.users_list, limit=4)
        rest = await world.call(client.users_list, cursor=first["response_metadata"]["next_cursor"])
        group = await world.call(client.usergroups_users_list, usergroup="S0MLTEAM001")

        assert (me["user_id"], me["team_id"]) == ("U0SSHQBOT01", "T0SANDBOX1")
        assert (alice["name"], alice["deleted"], alice["is_bot"]) == ("alice", False, False)
        names = [user["name"] for user in first["members"] + rest["members"]]
        assert names == ["admin", "alice", "bob", "carol", "dave", "gina", "sshq"]
        assert rest["response_metadata"]["next_cursor"] == ""
        assert group["users"] == [ALICE, "U0BOB000001"]
        assert await refusal(world, client.users_info, user="U0NOBODY") == "user_not_found"
        assert await refusal(world, client.users_list, cursor="!") == "invalid_cursor"

    play(scenario)


def test_a_wrong_token_does_nothing(play: Play) -> None:
    async def scenario(world: World) -> None:
        wrong, none = world.client("xoxb-wrong"), world.client(None)
        post = {"channel": "C0GENERAL01", "text": "hi"}

        assert await refusal(world, wrong.chat_postMessage, **post) == "invalid_auth"
        assert await refusal(world, none.chat_postMessage, **post) == "not_authed"
        assert world.slack.inbox("alice") == []
        assert [call["caller"] for call in world.calls] == ["unknown", "nobody"]

    play(scenario)


def test_a_message_is_posted_changed_and_deleted(play: Play) -> None:
    async def scenario(world: World) -> None:
        client = world.client()
        channel = (await world.call(client.conversations_open, users=ALICE))["channel"]["id"]
        posted = await world.call(
            client.chat_postMessage,
            channel=channel,
            text="starting",
            blocks=[SectionBlock(text="*starting*")],
        )
        assert posted["message"]["bot_id"] == "B0SSHQBOT01"
        assert [m.rendered for m in world.slack.inbox("alice")] == ["*starting*"]
        assert world.slack.inbox("bob") == []

        changed = await world.call(
            client.chat_update,
            channel=channel,
            ts=posted["ts"],
            text="ready",
            blocks=[section("mi-1")],
        )
        assert changed["ts"] == posted["ts"]
        assert [m.rendered for m in world.slack.inbox("alice")] == ["mi-1"]

        again = await world.call(client.conversations_open, users=ALICE)
        assert (again["channel"]["id"], again["already_open"]) == (channel, True)
        await world.call(client.chat_delete, channel=channel, ts=posted["ts"])
        assert world.slack.inbox("alice") == []
        assert (
            await refusal(world, client.chat_update, channel=channel, ts=posted["ts"], text="x")
            == "message_not_found"
        )

    play(scenario)


def test_a_message_to_a_user_id_goes_into_the_direct_messages(play: Play) -> None:
    async def scenario(world: World) -> None:
        posted = await world.call(world.client().chat_postMessage, channel=ALICE, text="hi")

        assert posted["channel"] == "D0ALICE0001"
        assert [m.text for m in world.slack.inbox("alice")] == ["hi"]

    play(scenario)


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("chat.postMessage", {"channel": "C0NOWHERE", "text": "hi"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "C0MLTEAM001", "text": "hi"}, "not_in_channel"),
        ("chat.postMessage", {"channel": ALICE}, "no_text"),
        ("chat.postMessage", {"channel": ALICE, "text": "x" * 40_001}, "msg_too_long"),
        ("chat.postMessage", {"channel": ALICE, "blocks": [section("x" * 3001)]}, "invalid_blocks"),
        ("chat.postMessage", {"channel": ALICE, "blocks": [section()] * 51}, "invalid_blocks"),
        ("chat.postMessage", {"channel": ALICE, "blocks": "[{"}, "invalid_blocks_format"),
        ("chat.postMessage", {"channel": ALICE, "blocks": {}}, "invalid_blocks_format"),
        ("chat.postMessage", {"text": "hi"}, "invalid_arguments"),
        (
            "chat.postEphemeral",
            {"channel": "C0MLTEAM001", "user": ALICE, "text": "hi"},
            "not_in_channel",
        ),
        (
            "chat.postEphemeral",
            {"channel": "C0GENERAL01", "user": "U0DAVE00001", "text": "hi"},
            "user_not_in_channel",
        ),
        ("conversations.open", {"users": "U0DAVE00001"}, "user_disabled"),
        ("conversations.open", {"users": "U0NOBODY"}, "user_not_found"),
        ("conversations.open", {}, "users_list_not_supplied"),
        ("usergroups.users.list", {"usergroup": "S1"}, "no_such_subteam"),
        ("views.open", {"trigger_id": "1.2.3", "view": {"type": "home"}}, "invalid_arguments"),
        ("chat.meMessage", {}, "unknown_method"),
    ],
)
def test_what_slack_refuses(play: Play, method: str, arguments: dict[str, Any], error: str) -> None:
    async def scenario(world: World) -> None:
        assert (
            await refusal(world, world.client().api_call, api_method=method, json=arguments)
            == error
        )
        assert world.slack.inbox("alice") == []
        assert (world.calls[-1]["method"], world.calls[-1]["error"]) == (method, error)

    play(scenario)


def test_a_refusal_names_the_place(play: Play) -> None:
    async def scenario(world: World) -> None:
        with pytest.raises(SlackApiError) as refused:
            await world.call(
                world.client().chat_postMessage,
                channel=ALICE,
                text="x",
                blocks=[section("x" * 3001)],
            )
        assert refused.value.response["response_metadata"]["messages"] == [
            "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
        ]

    play(scenario)


def test_a_person_s_message_can_not_be_changed_by_the_bot(play: Play) -> None:
    async def scenario(world: World) -> None:
        workspace = world.slack.workspace
        written = workspace.post(workspace.channel("general"), user=ALICE, text="mine", blocks=[])
        client = world.client()
        at = {"channel": written.channel, "ts": written.ts}

        assert await refusal(world, client.chat_update, **at, text="x") == "cant_update_message"
        assert await refusal(world, client.chat_delete, **at) == "cant_delete_message"

    play(scenario)


def test_an_ephemeral_message_is_seen_by_one_and_can_not_be_updated(play: Play) -> None:
    async def scenario(world: World) -> None:
        client = world.client()
        shown = await world.call(
            client.chat_postEphemeral, channel="C0GENERAL01", user=ALICE, text="ticket"
        )

        assert [m.text for m in world.slack.inbox("alice")] == ["ticket"]
        assert world.slack.inbox("bob") == []
        error = await refusal(
            world, client.chat_update, channel="C0GENERAL01", ts=shown["message_ts"], text="x"
        )
        assert error == "message_not_found"

    play(scenario)


def test_the_home_view_is_published_and_guarded_by_its_hash(play: Play) -> None:
    async def scenario(world: World) -> None:
        client = world.client()
        home = View(type="home", blocks=[SectionBlock(text=PlainTextObject(text="your jobs"))])
        first = (await world.call(client.views_publish, user_id=ALICE, view=home))["view"]
        second = (
            await world.call(client.views_publish, user_id=ALICE, view=home, hash=first["hash"])
        )["view"]

        assert (second["id"], second["hash"] != first["hash"]) == (first["id"], True)
        shown = world.slack.home("alice")
        assert shown is not None
        assert world.slack.workspace.view_text(shown) == "your jobs"
        stale = {"view_id": first["id"], "view": home, "hash": first["hash"]}
        assert await refusal(world, client.views_update, **stale) == "hash_conflict"
        assert await refusal(world, client.views_update, view_id="V0", view=home) == "not_found"

    play(scenario)


def test_a_throttled_call_tells_when_to_come_again(play: Play) -> None:
    async def scenario(world: World) -> None:
        client = world.client()
        world.slack.faults.add("chat.postMessage", Fault.ratelimited(0))
        client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))

        await world.call(client.chat_postMessage, channel=ALICE, text="hi")

        assert [(call["status"], call["error"]) for call in world.calls] == [
            (429, "ratelimited"),
            (200, None),
        ]
        assert len(world.slack.inbox("alice")) == 1

    play(scenario)


def test_an_answer_may_be_lost_after_the_effect(play: Play) -> None:
    async def scenario(world: World) -> None:
        world.slack.faults.add("chat.postMessage", Fault.broken(after_effect=True))

        error = await refusal(world, world.client().chat_postMessage, channel=ALICE, text="hi")

        assert error == "service_unavailable"
        assert len(world.slack.inbox("alice")) == 1

    play(scenario)


def test_a_form_with_its_token_inside_is_understood_and_the_token_not_recorded(play: Play) -> None:
    async def scenario(world: World) -> None:
        form = "token=xoxb-sandbox&channel=C0GENERAL01&blocks=" + json.dumps([section("by form")])

        def post() -> dict[str, Any]:
            url = f"{world.slack.url}chat.postMessage"
            with urllib.request.urlopen(url, data=form.encode()) as answer:
                read: dict[str, Any] = json.load(answer)
                return read

        answer = await world.call(post)

        assert answer["ok"] is True
        assert [m.rendered for m in world.slack.inbox("bob")] == ["by form"]
        call = world.calls[-1]
        assert (call["service"], call["method"], call["caller"]) == (
            "slack",
            "chat.postMessage",
            "bot",
        )
        assert call["ok"] is True
        assert call["ms"] >= 0
        assert "xoxb" not in json.dumps(call)

    play(scenario)
