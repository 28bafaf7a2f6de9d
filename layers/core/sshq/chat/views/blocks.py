"""The few Block Kit shapes that the views are made of, as plain data within Slack's limits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LONGEST_SECTION = 3000
LONGEST_HEADER = 150
LONGEST_LABEL = 75
MOST_BLOCKS = 50


def header(text: str) -> dict[str, Any]:
    """A title; plain text."""
    return {"type": "header", "text": {"type": "plain_text", "text": _cut(text, LONGEST_HEADER)}}


def section(mrkdwn: str) -> dict[str, Any]:
    """A paragraph; the facts in it are escaped already."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut(mrkdwn, LONGEST_SECTION)}}


def sections(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Lines in as few paragraphs as hold them; none is cut in two, since half a link is none."""
    packed: list[str] = []
    for line in lines:
        if packed and len(packed[-1]) + 1 + len(line) <= LONGEST_SECTION:
            packed[-1] += "\n" + line
        else:
            packed.append(line)
    return [section(text) for text in packed]


def context(mrkdwn: str) -> dict[str, Any]:
    """Small print."""
    text = {"type": "mrkdwn", "text": _cut(mrkdwn, LONGEST_SECTION)}
    return {"type": "context", "elements": [text]}


def preformatted(text: str) -> dict[str, Any]:
    """Text exactly as it is, the end of it where it is too long: nothing in it is markup."""
    shown = text if len(text) <= LONGEST_SECTION else "…" + text[1 - LONGEST_SECTION :]
    element = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": shown}]}
    return {"type": "rich_text", "elements": [element]}


def button(
    label: str, verb: str, value: dict[str, Any], style: str | None = None
) -> dict[str, Any]:
    """A button that asks for a verb of the registry; its value is that verb's arguments."""
    element = {
        "type": "button",
        "action_id": f"sshq:{verb}",
        "text": {"type": "plain_text", "text": _cut(label, LONGEST_LABEL)},
        "value": json.dumps(value, separators=(",", ":")),
    }
    return element | ({"style": style} if style else {})


def people_input(label: str, field: str) -> dict[str, Any]:
    """Slack's own list of people, to choose several from. A button's verb gets them as `field`."""
    text = {"type": "plain_text", "text": _cut(label, LONGEST_LABEL)}
    element = {"type": "multi_users_select", "action_id": field}
    return {"type": "input", "label": text, "element": element}


def actions(*buttons: dict[str, Any]) -> dict[str, Any]:
    """A row of buttons."""
    return {"type": "actions", "elements": list(buttons)}


def pages(lines: Sequence[str]) -> list[str]:
    """The lines in as few texts as fit Slack's sections."""
    pages: list[str] = []
    for line in lines:
        if pages and len(pages[-1]) + len(line) < LONGEST_SECTION:
            pages[-1] += f"\n{line}"
        else:
            pages.append(line)
    return pages


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
