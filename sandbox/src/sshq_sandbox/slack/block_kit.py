"""Block Kit's rules, as Slack's own validator words them (docs.slack.dev/reference/block-kit).

`message_faults` and `view_faults` return what Slack puts into `response_metadata.messages`, without
its `[ERROR] ` in front: an empty list means that Slack would take it.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Json: TypeAlias = Any
"""A value out of JSON whose shape is not known yet."""

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
SECTION_TEXT = 3000
SECTION_FIELDS = 10
FIELD_TEXT = 2000
HEADER_TEXT = 150
BUTTON_LABEL = 75
BUTTON_VALUE = 2000
ACTIONS_ELEMENTS = 25
CONTEXT_ELEMENTS = 10
MARKDOWN_TEXT = 12000
VIEW_TITLE = 24
PRIVATE_METADATA = 3000
ID_LENGTH = 255
URL_LENGTH = 3000

_SELECTS = frozenset(
    f"{many}{kind}_select"
    for many in ("", "multi_")
    for kind in ("static", "external", "users", "conversations", "channels")
)
_PICKERS = frozenset({"datepicker", "timepicker", "datetimepicker", "radio_buttons", "checkboxes"})
_TYPED = frozenset({"plain_text_input", "number_input", "email_text_input", "url_text_input"})
_ACTIONS = _SELECTS | _PICKERS | {"button", "overflow"}
_INPUTS = _SELECTS | _PICKERS | _TYPED
_ACCESSORIES = _ACTIONS | {"image"}

_BLOCK_KEYS = {
    "section": {"text", "fields", "accessory", "expand"},
    "header": {"text", "level"},
    "divider": set[str](),
    "context": {"elements"},
    "actions": {"elements"},
    "input": {"label", "element", "dispatch_action", "hint", "optional"},
    "image": {"image_url", "slack_file", "alt_text", "title"},
    "markdown": {"text"},
    "rich_text": {"elements"},
}
_BUTTON_KEYS = {"text", "url", "value", "style", "confirm", "accessibility_label"}
_OPTION_LIMITS = {"overflow": 5, "radio_buttons": 10, "checkboxes": 10}
_STATIC = {"static_select", "multi_static_select", *_OPTION_LIMITS}


def message_faults(blocks: list[Any]) -> list[str]:
    """What is wrong with a message's blocks."""
    return _Validator().blocks(blocks, "/blocks", MESSAGE_BLOCKS)


def view_faults(view: dict[str, Any]) -> list[str]:
    """What is wrong with a modal or a home view."""
    return _Validator().view(view)


class _Validator:
    def __init__(self) -> None:
        self.faults: list[str] = []

    def view(self, view: dict[str, Any]) -> list[str]:
        kind = view.get("type")
        if kind not in {"modal", "home"}:
            self._fault("must be a valid enum value", "/view/type")
            return self.faults
        blocks = view.get("blocks")
        if not isinstance(blocks, list):
            self._fault("missing required field: blocks", "/view")
            return self.faults
        if kind == "modal":
            self._text(view.get("title"), "/view/title", VIEW_TITLE, plain=True)
            for key in ("submit", "close"):
                if key in view:
                    self._text(view[key], f"/view/{key}", VIEW_TITLE, plain=True)
            has_input = any(isinstance(b, dict) and b.get("type") == "input" for b in blocks)
            if has_input and "submit" not in view:
                self._fault("missing required field: submit", "/view")
        self._string(view, "private_metadata", "/view", PRIVATE_METADATA)
        self._string(view, "callback_id", "/view", ID_LENGTH)
        return self.blocks(blocks, "/view/blocks", VIEW_BLOCKS)

    def blocks(self, blocks: list[Any], at: str, most: int) -> list[str]:
        if len(blocks) > most:
            self._fault(f"no more than {most} items allowed", at)
        ids: set[str] = set()
        for index, block in enumerate(blocks):
            where = f"{at}/{index}"
            if not isinstance(block, dict):
                self._fault("must be an object", where)
                continue
            block_id = block.get("block_id")
            if block_id is not None:
                self._string(block, "block_id", where, ID_LENGTH)
                if block_id in ids:
                    self._fault(f'`block_id` "{block_id}" already exists', f"{where}/block_id")
                ids.add(str(block_id))
            self._block(block, where)
        return self.faults

    def _block(self, block: dict[str, Any], at: str) -> None:
        kind = block.get("type")
        if not isinstance(kind, str) or kind not in _BLOCK_KEYS:
            self._fault(f"unsupported type: {kind}", f"{at}/type")
            return
        self._only(block, _BLOCK_KEYS[kind] | {"type", "block_id"}, at)
        match kind:
            case "section":
                self._section(block, at)
            case "header":
                self._text(block.get("text"), f"{at}/text", HEADER_TEXT, plain=True)
            case "context":
                self._elements(block, at, CONTEXT_ELEMENTS, frozenset({"image", "text"}))
            case "actions":
                self._elements(block, at, ACTIONS_ELEMENTS, _ACTIONS)
            case "input":
                self._text(block.get("label"), f"{at}/label", 2000, plain=True)
                if "hint" in block:
                    self._text(block["hint"], f"{at}/hint", 2000, plain=True)
                self._element(block.get("element"), f"{at}/element", _INPUTS)
            case "image":
                self._image(block, at)
            case "markdown":
                self._string(block, "text", at, MARKDOWN_TEXT, required=True)
            case "rich_text":
                self._list(block, "elements", at)

    def _section(self, block: dict[str, Any], at: str) -> None:
        if "text" not in block and "fields" not in block:
            self._fault("missing required field: text", at)
        if "text" in block:
            self._text(block["text"], f"{at}/text", SECTION_TEXT)
        if "fields" in block:
            fields = self._list(block, "fields", at, SECTION_FIELDS)
            for index, field in enumerate(fields):
                self._text(field, f"{at}/fields/{index}", FIELD_TEXT)
        if "accessory" in block:
            self._element(block["accessory"], f"{at}/accessory", _ACCESSORIES)

    def _elements(self, block: dict[str, Any], at: str, most: int, kinds: frozenset[str]) -> None:
        seen: set[str] = set()
        for index, element in enumerate(self._list(block, "elements", at, most)):
            where = f"{at}/elements/{index}"
            if "text" in kinds and _kind(element) in {"plain_text", "mrkdwn"}:
                self._text(element, where, SECTION_TEXT)
                continue
            self._element(element, where, kinds)
            action_id = element.get("action_id") if isinstance(element, dict) else None
            if action_id is not None and action_id in seen:
                block_id = block.get("block_id", "")
                self._fault(
                    f'`action_id` "{action_id}" already exists for block_id "{block_id}"', where
                )
            seen.add(str(action_id))

    def _element(self, element: Json, at: str, kinds: frozenset[str]) -> None:
        kind = _kind(element)
        if kind not in kinds:
            self._fault(f"unsupported type: {kind}", f"{at}/type")
            return
        self._string(element, "action_id", at, ID_LENGTH)
        if "placeholder" in element:
            self._text(element["placeholder"], f"{at}/placeholder", 150, plain=True)
        if "confirm" in element:
            self._confirm(element["confirm"], f"{at}/confirm")
        if kind == "button":
            self._button(element, at)
        elif kind == "image":
            self._image(element, at)
        elif kind in _STATIC:
            self._options(element, at, _OPTION_LIMITS.get(kind, 100))
        elif kind == "number_input" and "is_decimal_allowed" not in element:
            self._fault("missing required field: is_decimal_allowed", at)

    def _button(self, button: dict[str, Any], at: str) -> None:
        self._only(button, _BUTTON_KEYS | {"type", "action_id"}, at)
        self._text(button.get("text"), f"{at}/text", BUTTON_LABEL, plain=True)
        self._string(button, "value", at, BUTTON_VALUE)
        self._string(button, "url", at, URL_LENGTH)
        if button.get("style", "primary") not in {"primary", "danger"}:
            self._fault("must be a valid enum value", f"{at}/style")

    def _image(self, image: dict[str, Any], at: str) -> None:
        self._string(image, "alt_text", at, 2000, required=True)
        if "slack_file" not in image:
            self._string(image, "image_url", at, URL_LENGTH, required=True)

    def _options(self, element: dict[str, Any], at: str, most: int) -> None:
        if "option_groups" in element:
            for index, group in enumerate(self._list(element, "option_groups", at, 100)):
                if isinstance(group, dict):
                    self._options(group, f"{at}/option_groups/{index}", most)
            return
        for index, option in enumerate(self._list(element, "options", at, most)):
            where = f"{at}/options/{index}"
            if not isinstance(option, dict):
                self._fault("must be an object", where)
                continue
            self._text(option.get("text"), f"{where}/text", 75)
            self._string(option, "value", where, 150, required=True)

    def _confirm(self, confirm: Json, at: str) -> None:
        if not isinstance(confirm, dict):
            self._fault("must be an object", at)
            return
        self._text(confirm.get("title"), f"{at}/title", 100, plain=True)
        self._text(confirm.get("text"), f"{at}/text", 300)
        self._text(confirm.get("confirm"), f"{at}/confirm", 30, plain=True)
        self._text(confirm.get("deny"), f"{at}/deny", 30, plain=True)

    def _text(self, text: Json, at: str, longest: int, *, plain: bool = False) -> None:
        kind = _kind(text)
        if text is None:
            parent, _, field = at.rpartition("/")
            self._fault(f"missing required field: {field}", parent)
        elif kind not in {"plain_text", "mrkdwn"} or (plain and kind != "plain_text"):
            self._fault("must be a valid enum value", f"{at}/type")
        else:
            self._only(text, {"type", "text", "emoji" if kind == "plain_text" else "verbatim"}, at)
            self._string(text, "text", at, longest, required=True)

    def _string(
        self, owner: dict[str, Any], key: str, at: str, longest: int, *, required: bool = False
    ) -> None:
        value = owner.get(key)
        if value is None:
            if required:
                self._fault(f"missing required field: {key}", at)
        elif not isinstance(value, str):
            self._fault("must provide a string", f"{at}/{key}")
        elif required and not value:
            self._fault("must be more than 0 characters", f"{at}/{key}")
        elif len(value) > longest:
            self._fault(f"must be less than {longest + 1} characters", f"{at}/{key}")

    def _list(self, owner: dict[str, Any], key: str, at: str, most: int | None = None) -> list[Any]:
        value = owner.get(key)
        if not isinstance(value, list):
            self._fault(f"missing required field: {key}", at)
            return []
        if not value:
            self._fault("no less than 1 items allowed", f"{at}/{key}")
        if most is not None and len(value) > most:
            self._fault(f"no more than {most} items allowed", f"{at}/{key}")
        return value

    def _only(self, owner: dict[str, Any], allowed: set[str], at: str) -> None:
        for key in owner:
            if key not in allowed:
                self._fault(f"invalid additional property: {key}", at)

    def _fault(self, what: str, at: str) -> None:
        self.faults.append(f"{what} [json-pointer:{at}]")


def _kind(thing: Json) -> str | None:
    kind = thing.get("type") if isinstance(thing, dict) else None
    return kind if isinstance(kind, str) else None
