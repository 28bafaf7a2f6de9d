"""EventBridge's event patterns: does an event fit? Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Return whether `event` fits `pattern`.

    A leaf of a pattern is a list of alternatives: values, {"prefix": text} (also "suffix",
    "equals-ignore-case"),
    {"exists": bool}, {"anything-but": value(s)}. A list in the event fits if one of its items does.
    Raises ValueError for an operator that isn't known here: a rule never matches by mistake.
    """
    for key, expected in pattern.items():
        if isinstance(expected, dict):
            inner = event.get(key)
            if not matches(expected, inner if isinstance(inner, dict) else {}):
                return False
        elif not any(_fits(option, key, event) for option in expected):
            return False
    return True


def _fits(option: Any, key: str, event: Mapping[str, Any]) -> bool:  # noqa: ANN401
    if not isinstance(option, dict):
        return key in event and option in _values(event[key])
    (operator, operand), *_ = option.items()
    if operator == "exists":
        return (key in event) is operand
    values = _values(event[key]) if key in event else []
    match operator:
        case "prefix":
            return any(isinstance(value, str) and value.startswith(operand) for value in values)
        case "suffix":
            return any(isinstance(value, str) and value.endswith(operand) for value in values)
        case "equals-ignore-case":
            return any(
                isinstance(value, str) and value.lower() == operand.lower() for value in values
            )
        case "anything-but":
            refused = operand if isinstance(operand, list) else [operand]
            return bool(values) and not any(value in refused for value in values)
    raise ValueError(f"EventBridge pattern operator {operator!r} isn't known to the sandbox.")


def _values(value: Any) -> list[Any]:  # noqa: ANN401
    return value if isinstance(value, list) else [value]
