"""Whom a role's trust policy lets in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def trusts(document: Mapping[str, Any], service: str) -> bool:
    """Whether some statement allows sts:AssumeRole to the service (conditions aren't weighed)."""
    return any(
        statement.get("Effect") == "Allow"
        and _includes(statement.get("Action"), "sts:AssumeRole")
        and _includes(_services(statement.get("Principal")), service)
        for statement in _listed(document.get("Statement"))
    )


def _services(principal: object) -> object:
    return principal.get("Service") if isinstance(principal, Mapping) else principal


def _includes(value: object, wanted: str) -> bool:
    return any(item in {wanted, "*", "sts:*"} for item in _listed(value))


def _listed(value: Any) -> list[Any]:  # noqa: ANN401  (JSON: one or many)
    return value if isinstance(value, list) else [] if value is None else [value]
