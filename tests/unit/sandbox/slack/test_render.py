from __future__ import annotations

from typing import Any

import pytest

from sshq_sandbox.slack.render import plain_text, view_text

NAMES = {"U0ALICE0001": "@alice", "C0GENERAL01": "#general", "S0MLTEAM001": "@ml-team"}


@pytest.mark.parametrize(
    ("mrkdwn", "shown"),
    [
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
        ("&amp;lt;", "&lt;"),
        ("<@U0ALICE0001> and <@U0ALICE0001|old name>", "@alice and @alice"),
        ("<@U0NOBODY>", "@U0NOBODY"),
        ("<#C0GENERAL01|general>, <!subteam^S0MLTEAM001>, <!here>", "#general, @ml-team, @here"),
        ("<https://example.com|the docs>", "the docs (https://example.com)"),
        ("<https://example.com>", "https://example.com"),
        ("<!date^1795348800^{date}|22 November>", "22 November"),
        ("`sshq-local connect x`", "`sshq-local connect x`"),
    ],
)
def test_mrkdwn(mrkdwn: str, shown: str) -> None:
    assert plain_text(mrkdwn, [], NAMES) == shown


def test_blocks_are_shown_in_place_of_the_text() -> None:
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": "Job <1>"}},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "*Running* for <@U0ALICE0001>"},
            "fields": [{"type": "plain_text", "text": "a &amp; b"}],
            "accessory": {
                "type": "button",
                "action_id": "x",
                "text": {"type": "plain_text", "text": "More"},
            },
        },
        {"type": "divider"},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "node"}]},
        {
            "type": "actions",
            "elements": [
                {"type": "button", "text": {"type": "plain_text", "text": "Connect"}},
                {"type": "button", "text": {"type": "plain_text", "text": "Stop"}},
            ],
        },
    ]
    assert plain_text("for the notification", blocks, NAMES).splitlines() == [
        "# Job <1>",
        "*Running* for @alice",
        "a &amp; b",
        "[More]",
        "---",
        "node",
        "[Connect] [Stop]",
    ]


def test_a_modal_shows_its_title_fields_and_buttons() -> None:
    view = {
        "title": {"type": "plain_text", "text": "Run"},
        "submit": {"type": "plain_text", "text": "Go"},
        "close": None,
        "blocks": [
            {
                "type": "input",
                "label": {"type": "plain_text", "text": "Instance"},
                "element": {"type": "plain_text_input", "action_id": "instance"},
            }
        ],
    }
    assert view_text(view, {}).splitlines() == ["== Run ==", "Instance: <instance>", "[Go]"]


def test_rich_text() -> None:
    line = [{"type": "text", "text": "hi "}, {"type": "user", "user_id": "U0ALICE0001"}]
    blocks = [
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": line}]},
    ]
    assert plain_text("", blocks, NAMES) == "hi @alice"
