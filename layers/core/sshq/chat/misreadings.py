"""Why what somebody typed can't be taken, as a key of the catalogue and its facts: `usage.<key>`.

Pydantic's own sentences are for programmers, and in English; none of them is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sshq.domain.misfits import Misfit
from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

    from sshq.chat.command import Command, Parameter

_LONGEST_SHOWN = 80
# By pydantic's types of errors: our key, and what our fact is called there.
KINDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "missing": ("missing", {}),
    "greater_than": ("more-than", {"least": "gt"}),
    "greater_than_equal": ("at-least", {"least": "ge"}),
    "less_than": ("less-than", {"most": "lt"}),
    "less_than_equal": ("at-most", {"most": "le"}),
    "finite_number": ("number", {}),
    "float_parsing": ("number", {}),
    "float_type": ("number", {}),
    "int_parsing": ("whole-number", {}),
    "int_parsing_size": ("whole-number", {}),
    "int_from_float": ("whole-number", {}),
    "int_type": ("whole-number", {}),
    "string_too_long": ("too-long", {"most": "max_length"}),
    "too_long": ("too-many", {"most": "max_length"}),
    "enum": ("choose", {"choices": "expected"}),
    "literal_error": ("choose", {"choices": "expected"}),
}
# What has a sentence of its own on how it is written: `usage.shape.<parameter>`.
SHAPES = frozenset(
    {
        "action",
        "allow_images",
        "allow_instances",
        "iam_user",
        "image",
        "instance",
        "job",
        "login",
        "make_admin",
        "month",
        "name",
        "preset",
        "role",
        "until",
        "vpc",
    }
)


def misread(command: Command | None, key: str, **facts: str) -> Refusal:
    """That can't be read: `usage.<key>`, and how the command is used."""
    usage = command.usage if command else "/sshq help"
    return Refusal(Reason.USAGE, problem=f"usage.{key}", usage=usage, **facts)


def misfitting(command: Command, error: ErrorDetails) -> Refusal:
    """The first thing that didn't fit into the command's arguments."""
    name = str(error["loc"][0]) if error["loc"] else ""
    parameter = next((each for each in command.parameters if each.name == name), None)
    facts = {"flag": _flag(parameter, name), "at": _where(parameter, name, error.get("input"))}
    context: Mapping[str, Any] = error.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, Misfit):
        return misread(command, cause.key, **facts | cause.facts)
    key, known = KINDS.get(error["type"], ("shape", {}))
    if key == "shape" and name in SHAPES:
        key = f"shape.{name}"
    said = {ours: _said(context[theirs]) for ours, theirs in known.items()}
    return misread(command, key, **facts | said)


def _flag(parameter: Parameter | None, name: str) -> str:
    return (parameter.flag or parameter.metavar) if parameter else name


def _where(parameter: Parameter | None, name: str, given: object) -> str:
    """`--hours “soon”`; of what was given several times the flag alone: which one, the sentence says."""
    flag = _flag(parameter, name)
    if not isinstance(given, str | int | float):
        return flag
    shown = str(given)
    cut = shown if len(shown) <= _LONGEST_SHOWN else shown[: _LONGEST_SHOWN - 1] + "…"
    return f"{flag} “{cut}”"


def _said(fact: object) -> str:
    """`672.0` → `672`; `'run' or 'fail'` → `run | fail`."""
    if isinstance(fact, float):
        return f"{fact:g}"
    return str(fact).replace("' or '", " | ").replace("', '", " | ").strip("'")
