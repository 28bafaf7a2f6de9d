from __future__ import annotations

from typing import Any

import pytest

from sshq_sandbox.ssm_service.documents import START_SSH_SESSION, resolved_parameters
from sshq_sandbox.ssm_service.errors import SsmError


def test_defaults_are_filled_in() -> None:
    assert resolved_parameters(START_SSH_SESSION, {}) == {"portNumber": ["22"]}
    given = {"portNumber": ["2222"]}
    assert resolved_parameters(START_SSH_SESSION, given) == given
    lists = {"parameters": {"lines": {"type": "StringList", "default": ["a", "b"]}}}
    assert resolved_parameters(lists, {}) == {"lines": ["a", "b"]}
    assert resolved_parameters({"schemaVersion": "1.0"}, {}) == {}


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        ({"type": "String"}, None),
        ({"type": "String"}, ["a", "b"]),
        ({"type": "String", "allowedValues": ["a"]}, ["b"]),
        ({"type": "String", "allowedPattern": "[a-z]+"}, ["abc;"]),
        ({"type": "String", "allowedPattern": "^[a-z]+$"}, ["abc\n"]),
        ({"type": "String", "maxChars": 2}, ["abc"]),
        ({"type": "String", "minChars": 2}, ["a"]),
        ({"type": "StringList", "allowedPattern": "[0-9]"}, ["1", "x"]),
    ],
)
def test_the_documents_rules_are_kept(rule: dict[str, Any], values: list[str] | None) -> None:
    given = {} if values is None else {"name": values}
    with pytest.raises(SsmError) as refused:
        resolved_parameters({"parameters": {"name": rule}}, given)
    assert refused.value.code == "InvalidParameters"


def test_a_parameter_that_the_document_lacks_is_refused() -> None:
    with pytest.raises(SsmError, match="not in the document"):
        resolved_parameters(START_SSH_SESSION, {"host": ["example.org"]})
