"""Finding the button that a person means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sshq_sandbox.slack.workspace import Message


class NoSuchButtonError(LookupError):
    """Nothing that this person sees has such a button; the message lists what there is."""


class AmbiguousButtonError(LookupError):
    """One message (or view) has several such buttons; the message lists their action_ids."""


@dataclass(frozen=True)
class Button:
    """A button where it stands: on `message`, or in `view` when that is None."""

    block_id: str
    element: Mapping[str, Any]
    message: Message | None
    view: dict[str, Any]

    @property
    def label(self) -> str:
        return str(self.element["text"]["text"])

    def action(self, action_ts: str) -> dict[str, Any]:
        """The entry of `actions` in the payload of its click."""
        shown = {key: self.element[key] for key in ("value", "style") if key in self.element}
        return {
            "action_id": self.element["action_id"],
            "block_id": self.block_id,
            "text": self.element["text"],
            **shown,
            "type": "button",
            "action_ts": action_ts,
        }

    def answers_to(self, wanted: str) -> bool:
        return wanted == self.element["action_id"] or wanted.casefold() == self.label.casefold()


def find_button(
    wanted: str,
    *,
    modals: Sequence[dict[str, Any]],
    messages: Sequence[Message],
    home: dict[str, Any] | None,
) -> Button:
    """The button with this action_id or label: in the top modal, the newest message, at home."""
    seen: list[str] = []
    for place in _places(modals, messages, home):
        matching = [button for button in place if button.answers_to(wanted)]
        if len(matching) > 1:
            ids = ", ".join(str(button.element["action_id"]) for button in matching)
            raise AmbiguousButtonError(
                f"{len(matching)} buttons answer to {wanted!r}: name one of {ids}"
            )
        if matching:
            return matching[0]
        seen += [button.label for button in place]
    there_is = ", ".join(f"[{label}]" for label in dict.fromkeys(seen)) or "no button at all"
    raise NoSuchButtonError(f"no button {wanted!r} to be seen; there is {there_is}")


def _places(
    modals: Sequence[dict[str, Any]], messages: Sequence[Message], home: dict[str, Any] | None
) -> Iterator[list[Button]]:
    if modals:
        yield _buttons(modals[-1]["blocks"], None, modals[-1])
    for message in reversed(messages):
        yield _buttons(message.blocks, message, {})
    if home:
        yield _buttons(home["blocks"], None, home)


def _buttons(
    blocks: Sequence[Mapping[str, Any]], message: Message | None, view: dict[str, Any]
) -> list[Button]:
    found = []
    for block in blocks:
        elements = list(block.get("elements", [])) if block["type"] == "actions" else []
        elements += [block["accessory"]] if "accessory" in block else []
        found += [
            Button(block["block_id"], element, message, view)
            for element in elements
            if element["type"] == "button"
        ]
    return found
