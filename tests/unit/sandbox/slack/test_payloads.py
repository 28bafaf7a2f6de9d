"""What is built has the very keys of the shared payloads: nothing is lost, nothing invented."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from sshq_sandbox.slack import payloads
from sshq_sandbox.slack.people import USERS

ALICE = next(user for user in USERS if user.name == "alice")


def interaction(body: bytes) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(parse_qs(body.decode())["payload"][0])
    return payload


def click(*, is_ephemeral: bool) -> dict[str, Any]:
    template = payloads.template("slack/block_actions.json")
    return interaction(
        payloads.message_action(
            user=ALICE,
            channel=("D0ALICE0001", "directmessage"),
            message=template["message"],
            is_ephemeral=is_ephemeral,
            state={},
            action=template["actions"][0],
            trigger_id="1.2.3",
            response_url="http://127.0.0.1/actions/x",
        )
    )


def test_a_slash_command_is_the_shared_form_with_what_differs() -> None:
    body = payloads.slash_command(
        user=ALICE,
        channel=("C0GENERAL01", "general"),
        text="add-user <@U0BOB000001|bob> & co",
        trigger_id="1.2.3",
        response_url="http://127.0.0.1/commands/x",
    )
    form = {key: values[0] for key, values in parse_qs(body.decode()).items()}

    assert form.keys() == payloads.template("slack/slash_command.json").keys()
    assert form["text"] == "add-user <@U0BOB000001|bob> & co"
    assert (form["user_id"], form["command"]) == ("U0ALICE0001", "/sshq")
    assert "enterprise_id" not in form


def test_a_click_carries_its_message_unless_that_is_ephemeral() -> None:
    template = payloads.template("slack/block_actions.json")

    assert click(is_ephemeral=False).keys() == template.keys()
    assert click(is_ephemeral=True).keys() == template.keys() - {"message"}
    assert click(is_ephemeral=True)["container"]["is_ephemeral"] is True


def test_a_submission_carries_the_view_that_was_filled_in() -> None:
    template = payloads.template("slack/view_submission.json")
    sent = interaction(
        payloads.view_submission(user=ALICE, view=template["view"], trigger_id="1.2.3")
    )

    assert sent == {**template, "trigger_id": "1.2.3"}


def test_events_have_the_shared_shape() -> None:
    gone = ALICE.changed(updated=5, deleted=True)
    changed = json.loads(payloads.user_change(user=gone, event_id="Ev1", now=5.5))
    joined = json.loads(payloads.team_join(user=ALICE, event_id="Ev2", now=5.5))
    home = json.loads(
        payloads.app_home_opened(
            user=ALICE, channel_id="D0ALICE0001", view=None, event_id="Ev3", now=5.5
        )
    )

    for event, path in (
        (changed, "slack/user_change.json"),
        (joined, "slack/team_join.json"),
        (home, "slack/app_home_opened.json"),
    ):
        shared = payloads.template(path)
        assert event.keys() == shared.keys()
        assert event["event"].keys() == shared["event"].keys()
    assert changed["event"]["user"]["deleted"] is True
    assert changed["event"]["user"]["profile"]["display_name"] == "alice"
    assert (home["event_id"], home["event_time"]) == ("Ev3", 5)
    assert home["event"]["event_ts"] == "5.500000"
    assert json.loads(payloads.url_verification("abc"))["challenge"] == "abc"
