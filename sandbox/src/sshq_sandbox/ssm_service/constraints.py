"""The checks that AWS makes on every request and boto3 doesn't: lengths, ranges, patterns,
enums."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from sshq_sandbox.ssm_service.errors import SsmError


def check(shape: Any, value: Any) -> None:  # noqa: ANN401
    """Compare a request with botocore's model of it (a `botocore.model.Shape`).

    Raises SsmError ValidationException, with all that is wrong in AWS's form.
    """
    found: list[str] = []
    _walk(shape, value, "", found)
    if found:
        plural = "s" if len(found) > 1 else ""
        text = f"{len(found)} validation error{plural} detected: " + "; ".join(found)
        raise SsmError("ValidationException", text)


def _walk(shape: Any, value: Any, path: str, found: list[str]) -> None:  # noqa: ANN401
    if shape.type_name == "structure" and isinstance(value, dict):
        for name in shape.required_members:
            if value.get(name) is None:
                _fail(found, None, _join(path, name), "Member must not be null")
        for name, member in shape.members.items():
            if value.get(name) is not None:
                _walk(member, value[name], _join(path, name), found)
    elif shape.type_name == "list" and isinstance(value, list):
        _size(shape, value, len(value), path, found)
        for index, item in enumerate(value, start=1):
            _walk(shape.member, item, f"{path}.{index}.member", found)
    elif shape.type_name == "string" and isinstance(value, str):
        _string(shape, value, path, found)
    elif shape.type_name in ("integer", "long") and isinstance(value, int):
        _size(shape, value, value, path, found)


def _string(shape: Any, value: str, path: str, found: list[str]) -> None:  # noqa: ANN401
    if shape.enum and value not in shape.enum:
        allowed = ", ".join(sorted(shape.enum))
        _fail(found, value, path, f"Member must satisfy enum value set: [{allowed}]")
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).search(value):
        _fail(found, value, path, f"Member must satisfy regular expression pattern: {pattern}")
    _size(shape, value, len(value), path, found)


def _size(shape: Any, value: object, size: int, path: str, found: list[str]) -> None:  # noqa: ANN401
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    have = "have value" if isinstance(value, int) else "have length"
    if low is not None and size < low:
        _fail(found, value, path, f"Member must {have} greater than or equal to {low}")
    if high is not None and size > high:
        _fail(found, value, path, f"Member must {have} less than or equal to {high}")


def _fail(found: list[str], value: object, path: str, constraint: str) -> None:
    shown = "null" if value is None else f"'{value}'"
    found.append(f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}")


def _join(path: str, name: str) -> str:
    member = name[:1].lower() + name[1:]
    return f"{path}.{member}" if path else member


@lru_cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # Java's classes for letters, separators and digits, which Python's `re` doesn't know.
    for java, python in (("\\p{L}", "\\w"), ("\\p{N}", "\\w"), ("\\p{Z}", " ")):
        pattern = pattern.replace(java, python)
    return re.compile(pattern)
