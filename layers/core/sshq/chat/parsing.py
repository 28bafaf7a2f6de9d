"""From what a person typed after `/sshq`, or pressed, to a verb and its typed arguments."""

from __future__ import annotations

import difflib
import json
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from sshq.chat.misreadings import misfitting, misread
from sshq.chat.registry import BY_VERB, near_commands
from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sshq.chat.command import Command, Parameter
    from sshq.domain.model import Model

ACTION_PREFIX = "sshq:"
# Slack's clients and phones turn quotes and double hyphens into typography; Chinese keyboards have wide
# ones, and what was copied from a page brings its spaces, some of them without any width.
TYPOGRAPHY = (
    dict.fromkeys("“”„‟＂", '"')
    | dict.fromkeys("‘’‚‛＇", "'")
    | dict.fromkeys("—–―", "--")
    | dict.fromkeys("‐‑−－", "-")
    | dict.fromkeys("\u00a0\u2007\u202f\u3000", " ")
    | dict.fromkeys("\u200b\u2060\ufeff", "")
)
_TYPOGRAPHY = str.maketrans(TYPOGRAPHY)
# A word that wants to be an option: `-hours`. Not `-1h`, which is a value that its option refuses better.
_DASHED = re.compile(r"-+[A-Za-z]")
_HELP = {"--help", "-h"}
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
        words = _words(_unescape(_LINK.sub(_typed, text)).translate(_TYPOGRAPHY))
    except ValueError:
        raise misread(None, "open-quotation") from None
    verb, rest = (words[0].lower(), words[1:]) if words else ("help", [])
    command = BY_VERB.get(verb)
    if command is None or not command.typed:
        raise Refusal(Reason.UNKNOWN_COMMAND, command=verb, near=near_commands(verb))
    if len(rest) == 1 and rest[0] in _HELP:
        command, rest = BY_VERB["help"], [command.verb]
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
        raise misread(command, "broken-button") from None
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


def _words(text: str) -> list[str]:
    """As a shell reads them, but that backticks, in which people wrap code in Slack, are quotes, too."""
    line = text.strip()
    if line.startswith("`") and line.endswith("`"):
        line = line.strip("`")
    lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    lexer.quotes += "`"
    return list(lexer)


def _collect(command: Command, words: list[str]) -> dict[str, Any]:
    options = {p.flag: p for p in command.parameters if p.flag}
    positional = [p for p in command.parameters if not p.flag]
    found: dict[str, Any] = {}
    rest = iter(words)
    # The option whose words these may be, had they been quoted: `--command python train.py`.
    prose: Parameter | None = None
    for word in rest:
        if word.startswith("--"):
            flag, equals, value = word.partition("=")
            parameter = options.get(flag)
            if parameter is None:
                raise _no_option(command, flag)
            prose = parameter if parameter.prose else None
            if parameter.switch:
                if equals:
                    raise misread(command, "switch", flag=flag)
                _put(command, found, parameter, True)
                continue
            taken = value if equals else next(rest, None)
            if taken is None:
                raise misread(command, "no-value", flag=flag)
            if not equals and taken.partition("=")[0] in options:
                raise misread(command, "option-for-value", flag=flag, word=taken)
            _put(command, found, parameter, taken)
        elif prose:
            meant = f"{found[prose.name]} {word}"
            raise misread(command, "unquoted", flag=prose.flag or "", word=word, meant=meant)
        elif _DASHED.match(word):
            raise _no_option(command, word)
        elif positional:
            parameter = positional[0] if positional[0].many else positional.pop(0)
            _put(command, found, parameter, word)
        else:
            raise misread(command, "extra", word=word)
    missing = [p.metavar for p in command.parameters if p.required and p.name not in found]
    if missing:
        raise misread(command, "missing", at=missing[0])
    return found


def _no_option(command: Command, flag: str) -> Refusal:
    known = [p.flag.removeprefix("--") for p in command.parameters if p.flag]
    near = difflib.get_close_matches(flag.strip("-").lower(), known, n=1)
    if near:
        return misread(command, "no-option-but", flag=flag, near=f"--{near[0]}")
    return misread(command, "no-option", flag=flag)


def _put(command: Command, found: dict[str, Any], parameter: Parameter, value: str | bool) -> None:
    if parameter.many:
        found.setdefault(parameter.name, []).append(value)
    elif parameter.name in found:
        raise misread(command, "twice", flag=parameter.flag or parameter.metavar)
    else:
        found[parameter.name] = value


def _validated(command: Command, found: object) -> Model:
    try:
        return command.arguments.model_validate(found)
    except ValidationError as error:
        raise misfitting(command, error.errors()[0]) from None
