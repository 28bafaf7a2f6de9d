"""From what a person typed after `/sshq`, or pressed, to a verb and its typed arguments."""

from __future__ import annotations

import difflib
import json
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from sshq.chat.registry import BY_VERB, COMMANDS
from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sshq.chat.command import Command, Parameter
    from sshq.domain.model import Model

ACTION_PREFIX = "sshq:"
# Slack's clients and phones turn quotes and double hyphens into typography.
_TYPOGRAPHY = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "—": "--", "–": "--"}
)
# And Slack makes links of what looks like one: <https://host/x>, <http://host/x|host/x>.
_LINK = re.compile(
    r"<(?P<url>[a-z][a-z0-9+.-]*:[^<>|\s]+)(?:\|(?P<label>[^<>|]*))?>", re.IGNORECASE
)


@dataclass(frozen=True)
class Invocation:
    """A command and its arguments, both known to be well-formed."""

    command: Command
    arguments: Model


def parse_text(text: str) -> Invocation:
    """`run --instance ml.m5.large` → an invocation. Nothing typed means help."""
    try:
        words = shlex.split(_unescape(_LINK.sub(_typed, text)).translate(_TYPOGRAPHY))
    except ValueError:
        raise Refusal(
            Reason.USAGE, problem="a quotation mark isn't closed", usage="/sshq help"
        ) from None
    verb, rest = (words[0].lower(), words[1:]) if words else ("help", [])
    command = BY_VERB.get(verb)
    if command is None or not command.typed:
        raise Refusal(Reason.UNKNOWN_COMMAND, command=verb, near=_near(verb))
    return Invocation(command, _validated(command, _collect(command, rest)))


def parse_action(action_id: str, value: str, fields: Mapping[str, Any] | None = None) -> Invocation:
    """A button's `action_id` (`sshq:<verb>`, or `sshq:<verb>:<n>`) and its JSON value.

    `fields` is what the person filled in beside it, by the names of the verb's arguments.
    """
    verb = action_id.removeprefix(ACTION_PREFIX).partition(":")[0]
    command = BY_VERB.get(verb)
    if command is None or not action_id.startswith(ACTION_PREFIX):
        raise Refusal(Reason.UNKNOWN_COMMAND, command=verb, near="")
    try:
        payload = json.loads(value or "{}")
    except ValueError:
        raise Refusal(Reason.USAGE, problem="this button is broken", usage=command.usage) from None
    if fields and isinstance(payload, dict):
        payload |= fields
    return Invocation(command, _validated(command, payload))


def _typed(link: re.Match[str]) -> str:
    """What was typed where Slack put a link: `http://` and `mailto:` are of Slack's own adding."""
    url, label = link["url"], link["label"]
    return label if label and url in {f"http://{label}", f"mailto:{label}", f"tel:{label}"} else url


def _unescape(text: str) -> str:
    """Slack escapes three characters in what people type; mentions keep their angle brackets."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _near(verb: str) -> str:
    known = [command.verb for command in COMMANDS if command.typed]
    return ", ".join(f"/sshq {near}" for near in difflib.get_close_matches(verb, known, n=2))


def _collect(command: Command, words: list[str]) -> dict[str, Any]:
    options = {p.flag: p for p in command.parameters if p.flag}
    positional = [p for p in command.parameters if not p.flag]
    found: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            flag, equals, value = word.partition("=")
            parameter = options.get(flag)
            if parameter is None:
                raise _usage(command, f"there is no option {flag}")
            if parameter.switch:
                if equals:
                    raise _usage(command, f"{flag} takes no value")
                _put(command, found, parameter, True)
                continue
            taken = value if equals else next(rest, None)
            if taken is None:
                raise _usage(command, f"{flag} needs a value")
            _put(command, found, parameter, taken)
        elif positional:
            parameter = positional[0] if positional[0].many else positional.pop(0)
            _put(command, found, parameter, word)
        else:
            raise _usage(command, f"“{word}” is one word too many")
    missing = [p.metavar for p in command.parameters if p.required and p.name not in found]
    if missing:
        raise _usage(command, f"{missing[0]} is missing")
    return found


def _put(command: Command, found: dict[str, Any], parameter: Parameter, value: str | bool) -> None:
    if parameter.many:
        found.setdefault(parameter.name, []).append(value)
    elif parameter.name in found:
        raise _usage(command, f"{parameter.flag} is given twice")
    else:
        found[parameter.name] = value


def _validated(command: Command, found: object) -> Model:
    try:
        return command.arguments.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else ""
        flag = next((p.flag or p.metavar for p in command.parameters if p.name == field), field)
        shown = str(first.get("input"))[:80]
        message = first["msg"].removeprefix("Value error, ")
        raise _usage(command, f"{flag} “{shown}”: {message}") from None


def _usage(command: Command, problem: str) -> Refusal:
    return Refusal(Reason.USAGE, problem=problem, usage=command.usage)
