"""What a person filled in: the `state.values` of a message or a view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sshq_sandbox.slack.block_kit import Json

_VALUE_OF = {
    "plain_text_input": "value",
    "number_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "checkboxes": "selected_options",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
}
_INITIAL_OF = {
    "value": "initial_value",
    **{
        name: name.replace("selected", "initial", 1)
        for name in set(_VALUE_OF.values())
        if name != "value"
    },
}


class FormError(ValueError):
    """A field that isn't there, or a choice that the element doesn't offer."""


def state_values(
    blocks: Sequence[Mapping[str, Any]], filled: Mapping[str, str | Sequence[str]]
) -> dict[str, dict[str, Any]]:
    """`{block_id: {action_id: {"type": …, "value" | "selected_…": …}}}` for all fields.

    `filled` maps an action_id to what the person entered: a text, an option's value or label, a
    user id; a sequence of these where several may be chosen. Other fields hold their initial value.
    """
    values: dict[str, dict[str, Any]] = {}
    missing = set(filled)
    for block_id, element in _fields(blocks):
        key = _VALUE_OF[element["type"]]
        action_id = element["action_id"]
        missing.discard(action_id)
        if action_id in filled:
            value = _entered(element, key, filled[action_id])
        else:
            value = element.get(_INITIAL_OF[key], [] if key.endswith("s") else None)
        values.setdefault(block_id, {})[action_id] = {"type": element["type"], key: value}
    if missing:
        known = ", ".join(element["action_id"] for _, element in _fields(blocks)) or "none"
        raise FormError(f"no field {', '.join(sorted(missing))}; there are: {known}")
    return values


def empty_required(
    blocks: Sequence[Mapping[str, Any]], values: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """The labels of the inputs that Slack would not let a person leave empty."""
    empty = []
    for block in blocks:
        if block["type"] != "input" or block.get("optional"):
            continue
        field = values[block["block_id"]][block["element"]["action_id"]]
        if not field[_VALUE_OF[field["type"]]]:
            empty.append(block["label"]["text"])
    return empty


def _fields(blocks: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for block in blocks:
        elements = list(block.get("elements", [])) if block["type"] == "actions" else []
        elements += [block[key] for key in ("element", "accessory") if key in block]
        for element in elements:
            if element.get("type") in _VALUE_OF:
                yield block["block_id"], element


def _entered(element: Mapping[str, Any], key: str, entered: str | Sequence[str]) -> Json:
    if key.endswith("s"):
        several = [entered] if isinstance(entered, str) else list(entered)
        return [_one(element, key, one) for one in several]
    if not isinstance(entered, str):
        raise FormError(f"{element['action_id']} takes one value")
    return _one(element, key, entered)


def _one(element: Mapping[str, Any], key: str, entered: str) -> Json:
    if not key.startswith("selected_option"):
        return entered
    if element["type"].endswith("external_select"):
        return {"text": {"type": "plain_text", "text": entered, "emoji": True}, "value": entered}
    groups = element.get("option_groups", [])
    options = [*element.get("options", []), *(o for group in groups for o in group["options"])]
    for option in options:
        if entered in {option["value"], option["text"]["text"]}:
            return option
    offered = ", ".join(option["value"] for option in options)
    raise FormError(f"{element['action_id']} offers no {entered!r}, only {offered}")
