"""A message as a terminal can show it: blocks to plain text, buttons as `[Label]`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_REFERENCE = re.compile(r"<([^<>]*)>")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def plain_text(text: str, blocks: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> str:
    """What the reader sees; `names` maps user, channel and group ids to `@alice`, `#general`, ….

    Slack shows the blocks where there are any, and `text` only in notifications.
    """
    if not blocks:
        return _mrkdwn(text, names)
    parts = (_block(block, names) for block in blocks)
    return "\n".join(part for part in parts if part)


def view_text(view: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """A modal or the home view; a modal begins with its title."""
    title = (view.get("title") or {}).get("text")
    body = plain_text("", view.get("blocks", []), names)
    buttons = [view[key]["text"] for key in ("submit", "close") if view.get(key)]
    lines = ([f"== {title} =="] if title else []) + [body]
    lines += [" ".join(f"[{label}]" for label in buttons)] if buttons else []
    return "\n".join(line for line in lines if line)


def _block(block: Mapping[str, Any], names: Mapping[str, str]) -> str:  # noqa: PLR0911  a table
    match block.get("type"):
        case "header":
            return f"# {_text(block.get('text'), names)}"
        case "section":
            texts = [_text(block.get("text"), names)]
            texts += [_text(field, names) for field in block.get("fields", [])]
            if "accessory" in block:
                texts.append(_element(block["accessory"], names))
            return "\n".join(text for text in texts if text)
        case "context" | "actions":
            shown = (_element(element, names) for element in block.get("elements", []))
            return " ".join(part for part in shown if part)
        case "input":
            return f"{_text(block.get('label'), names)}: {_element(block['element'], names)}"
        case "divider":
            return "---"
        case "image":
            return f"({block.get('alt_text', '')})"
        case "markdown":
            return str(block.get("text", ""))
        case "rich_text":
            return _rich_text(block.get("elements", []), names)
        case _:
            return ""


def _element(element: Mapping[str, Any], names: Mapping[str, str]) -> str:
    match element.get("type"):
        case "plain_text" | "mrkdwn":
            return _text(element, names)
        case "image":
            return f"({element.get('alt_text', '')})"
        case "button":
            return f"[{_text(element.get('text'), names)}]"
        case _:
            placeholder = _text(element.get("placeholder"), names)
            return f"<{placeholder or element.get('action_id', element.get('type'))}>"


def _text(text: Mapping[str, Any] | None, names: Mapping[str, str]) -> str:
    if not text:
        return ""
    content = str(text.get("text", ""))
    return content if text.get("type") == "plain_text" else _mrkdwn(content, names)


def _mrkdwn(text: str, names: Mapping[str, str]) -> str:
    """Mentions and links as they are shown; stars and backticks stay: they mark what is code."""
    shown = _REFERENCE.sub(lambda match: _reference(match[1], names), text)
    for entity, character in _ENTITIES:
        shown = shown.replace(entity, character)
    return shown


def _reference(inside: str, names: Mapping[str, str]) -> str:
    target, _, label = inside.partition("|")
    if target.startswith(("@", "#")):
        return names.get(target[1:]) or f"{target[0]}{label or target[1:]}"
    if target.startswith("!subteam^"):
        return names.get(target.removeprefix("!subteam^")) or label or target
    if target.startswith("!date^"):
        return label
    if target.startswith("!"):
        return f"@{target[1:]}"
    return f"{label} ({target})" if label else target


def _rich_text(elements: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> str:
    shown = []
    for element in elements:
        match element.get("type"):
            case "text":
                shown.append(str(element["text"]))
            case "link":
                shown.append(str(element.get("text") or element["url"]))
            case "user":
                shown.append(_reference(f"@{element['user_id']}", names))
            case "rich_text_list":
                items = (_rich_text([item], names) for item in element["elements"])
                shown.append("\n".join(f"- {item}" for item in items))
            case _:
                shown.append(_rich_text(element.get("elements", []), names))
    return "".join(shown)
