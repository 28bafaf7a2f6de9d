"""The built-in document, and the check of given parameters against a document's own rules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sshq_sandbox.ssm_service.errors import SsmError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

START_SSH_SESSION: dict[str, Any] = {
    "schemaVersion": "1.0",
    "description": "Opens an SSH session's byte stream to a port of the node",
    "sessionType": "Port",
    "parameters": {
        "portNumber": {
            "type": "String",
            "description": "(Optional) Port number of SSH server on the instance",
            "allowedPattern": "^([0-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}"
            "|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$",
            "default": "22",
        }
    },
    "properties": {"portNumber": "{{ portNumber }}"},
}
BUILT_IN = {"AWS-StartSSHSession": ("Session", START_SSH_SESSION)}
"""Name → (document type, content)."""


def resolved_parameters(
    content: Mapping[str, Any], given: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """The parameters with their defaults filled in.

    Raises SsmError InvalidParameters for one that is unknown, missing, or breaks its document's
    allowedValues, allowedPattern, minChars or maxChars.
    """
    declared: Mapping[str, Any] = content.get("parameters") or {}
    if unknown := sorted(set(given) - set(declared)):
        raise SsmError("InvalidParameters", f"Parameters not in the document: {unknown}")
    resolved = {}
    for name, rule in declared.items():
        if name in given:
            values = list(given[name])
        elif "default" in rule:
            default = rule["default"]
            values = (
                [str(item) for item in default] if isinstance(default, list) else [str(default)]
            )
        else:
            raise SsmError("InvalidParameters", f"Parameter {name} needs a value.")
        _check(name, rule, values)
        resolved[name] = values
    return resolved


def _check(name: str, rule: Mapping[str, Any], values: list[str]) -> None:
    if rule.get("type") != "StringList" and len(values) != 1:
        raise SsmError("InvalidParameters", f"Parameter {name} takes one value, not {len(values)}.")
    pattern = rule.get("allowedPattern")
    for value in values:
        if rule.get("allowedValues") and value not in rule["allowedValues"]:
            raise SsmError(
                "InvalidParameters", f"Parameter {name} must be one of {rule['allowedValues']}."
            )
        if pattern and not re.fullmatch(pattern, value):
            raise SsmError("InvalidParameters", f"Parameter {name} must match {pattern}.")
        shortest, longest = int(rule.get("minChars", 0)), int(rule.get("maxChars", 1 << 20))
        if not shortest <= len(value) <= longest:
            raise SsmError(
                "InvalidParameters", f"Parameter {name} has {shortest} to {longest} characters."
            )
