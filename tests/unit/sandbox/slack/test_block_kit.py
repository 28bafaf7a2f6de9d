"""Slack's limits, at the limit and one beyond."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq_sandbox.slack.block_kit import message_faults, view_faults


def section(text: str = "hello") -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(action_id: str = "go", label: str = "Go", **more: object) -> dict[str, Any]:
    text = {"type": "plain_text", "text": label}
    return {"type": "button", "action_id": action_id, "text": text, **more}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": text}}


def modal(**more: object) -> dict[str, Any]:
    title = {"type": "plain_text", "text": "Run a job"}
    return {"type": "modal", "title": title, "blocks": [section()], **more}


FIELD = {
    "type": "input",
    "label": {"type": "plain_text", "text": "Instance"},
    "element": {"type": "plain_text_input", "action_id": "instance"},
}


@pytest.mark.parametrize(
    "blocks",
    [
        [section("x" * 3000)],
        [section() for _ in range(50)],
        [header("x" * 150)],
        [actions(*(button(f"b{n}") for n in range(25)))],
        [actions(button(label="x" * 75, value="v" * 2000))],
        [{"type": "divider"}],
        [{"type": "context", "elements": [{"type": "mrkdwn", "text": "small"}]}],
        [{**section(), "block_id": "a"}, {**section(), "block_id": "b"}],
        [{**section(), "accessory": button()}],
        [FIELD],
    ],
)
def test_what_slack_takes(blocks: list[dict[str, Any]]) -> None:
    assert message_faults(blocks) == []


@pytest.mark.parametrize(
    ("blocks", "fault"),
    [
        (
            [section("x" * 3001)],
            "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            [section("")],
            "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
        ),
        ([section()] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
        (
            [header("x" * 151)],
            "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            [actions(*(button(f"b{n}") for n in range(26)))],
            "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
        ),
        (
            [actions(button(label="x" * 76))],
            "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
        ),
        (
            [actions(button(value="v" * 2001))],
            "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
        ),
        (
            [actions(button(style="green"))],
            "must be a valid enum value [json-pointer:/blocks/0/elements/0/style]",
        ),
        (
            [{**section(), "block_id": "a"}, {**section(), "block_id": "a"}],
            '`block_id` "a" already exists [json-pointer:/blocks/1/block_id]',
        ),
        (
            [{**actions(button("go"), button("go")), "block_id": "a"}],
            '`action_id` "go" already exists for block_id "a" [json-pointer:/blocks/0/elements/1]',
        ),
        ([{"type": "marquee"}], "unsupported type: marquee [json-pointer:/blocks/0/type]"),
        (["text"], "must be an object [json-pointer:/blocks/0]"),
        ([{"type": "section"}], "missing required field: text [json-pointer:/blocks/0]"),
        (
            [{"type": "header", "text": {"type": "mrkdwn", "text": "no"}}],
            "must be a valid enum value [json-pointer:/blocks/0/text/type]",
        ),
        (
            [{"type": "section", "text": {"type": "mrkdwn", "text": "a", "emoji": True}}],
            "invalid additional property: emoji [json-pointer:/blocks/0/text]",
        ),
        (
            [actions({"type": "plain_text_input", "action_id": "a"})],
            "unsupported type: plain_text_input [json-pointer:/blocks/0/elements/0/type]",
        ),
    ],
)
def test_what_slack_refuses(blocks: list[Any], fault: str) -> None:
    assert message_faults(blocks) == [fault]


def test_a_modal_within_the_limits() -> None:
    submit = {"type": "plain_text", "text": "Run"}
    assert view_faults(modal(blocks=[FIELD], submit=submit)) == []
    assert view_faults({"type": "home", "blocks": [section()] * 100}) == []


@pytest.mark.parametrize(
    ("view", "fault"),
    [
        (
            modal(title={"type": "plain_text", "text": "x" * 25}),
            "must be less than 25 characters [json-pointer:/view/title/text]",
        ),
        (
            modal(blocks=[section()] * 101),
            "no more than 100 items allowed [json-pointer:/view/blocks]",
        ),
        (modal(blocks=[FIELD]), "missing required field: submit [json-pointer:/view]"),
        (modal(title=None), "missing required field: title [json-pointer:/view]"),
        ({"type": "window"}, "must be a valid enum value [json-pointer:/view/type]"),
    ],
)
def test_a_view_that_slack_refuses(view: dict[str, Any], fault: str) -> None:
    assert view_faults(view) == [fault]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "elements", "element", "accessory", "options", "confirm"]
            ),
            inner
            | st.sampled_from(["section", "actions", "button", "mrkdwn", "static_select", "input"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(JSON, max_size=4))
def test_no_json_breaks_the_validator(blocks: list[Any]) -> None:
    faults = message_faults(blocks)

    assert all(fault.endswith("]") for fault in faults)
    assert faults or all(isinstance(block, dict) for block in blocks)
