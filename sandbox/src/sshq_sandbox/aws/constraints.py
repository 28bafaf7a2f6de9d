"""Checking a request against the constraints that AWS's own model of the operation states."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def violations(shape: Any, value: Any, path: str = "") -> list[str]:  # noqa: ANN401
    """Each breach as AWS words it. `shape` is botocore's, `value` the parsed JSON.

    Lengths, patterns, enumerations, ranges and required members are checked; types are botocore's
    own business, before it sends. A null counts as left out.
    """
    return list(_walk(shape, value, path))


def validation_message(found: list[str]) -> str:
    plural = "error" if len(found) == 1 else "errors"
    return f"{len(found)} validation {plural} detected: {'; '.join(found)}"


def _walk(shape: Any, value: Any, path: str) -> Iterator[str]:  # noqa: ANN401
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        for name in shape.required_members:
            if value.get(name) is None:
                yield _breach(None, _member(path, name), "Member must not be null")
        for name, member in value.items():
            if name in shape.members and member is not None:
                yield from _walk(shape.members[name], member, _member(path, name))
    elif kind == "list" and isinstance(value, list):
        yield from _length(shape, value, path)
        for index, member in enumerate(value, start=1):
            yield from _walk(shape.member, member, f"{path}.{index}.member")
    elif kind == "map" and isinstance(value, dict):
        yield from _length(shape, value, path)
        for key, member in value.items():
            yield from _walk(shape.key, key, f"{path}.key")
            yield from _walk(shape.value, member, f"{path}.{key}.member")
    elif kind == "string" and isinstance(value, str):
        yield from _length(shape, value, path)
        yield from _text(shape, value, path)
    elif kind in {"integer", "long"}:
        yield from _range(shape, value, path)


def _member(path: str, name: str) -> str:
    name = name[:1].lower() + name[1:]
    return f"{path}.{name}" if path else name


def _breach(value: object, path: str, rule: str) -> str:
    shown = "null" if value is None else str(value)
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: {rule}"


def _length(shape: Any, value: Any, path: str) -> Iterator[str]:  # noqa: ANN401
    if len(value) > shape.metadata.get("max", len(value)):
        rule = f"Member must have length less than or equal to {shape.metadata['max']}"
        yield _breach(value, path, rule)
    if len(value) < shape.metadata.get("min", 0):
        rule = f"Member must have length greater than or equal to {shape.metadata['min']}"
        yield _breach(value, path, rule)


def _text(shape: Any, value: str, path: str) -> Iterator[str]:  # noqa: ANN401
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield _breach(value, path, f"Member must satisfy regular expression pattern: {pattern}")
    if shape.enum and value not in shape.enum:
        yield _breach(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")


def _range(shape: Any, value: int, path: str) -> Iterator[str]:  # noqa: ANN401
    if value > shape.metadata.get("max", value):
        rule = f"Member must have value less than or equal to {shape.metadata['max']}"
        yield _breach(value, path, rule)
    if value < shape.metadata.get("min", value):
        rule = f"Member must have value greater than or equal to {shape.metadata['min']}"
        yield _breach(value, path, rule)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # Within a set, \w covers letters and digits (and "_", which each such set of SageMaker's has).
    for java in (r"\p{L}", r"\p{N}"):
        pattern = pattern.replace(java, r"\w")
    return re.compile(pattern.replace(r"\p{Z}", r"\s"))
