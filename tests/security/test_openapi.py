"""schemathesis against the API's own document: whatever it allows gets an answer that it names.

`make test` tries a few examples for each operation; SSHQ_API_EXAMPLES asks for more.
"""

from __future__ import annotations

import os
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    missing_required_header,
    negative_data_rejection,
    positive_data_acceptance,
    unsupported_method,
)

from tests.core_api import Door, wsgi

EXAMPLES = int(os.environ.get("SSHQ_API_EXAMPLES", "8"))
DOOR = Door()
bounded = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES < 100,
    database=None,
    suppress_health_check=list(HealthCheck),
)
anybody = schemathesis.openapi.from_wsgi("/v1/openapi.json", wsgi(DOOR, signs=False))
holder = schemathesis.openapi.from_wsgi("/v1/openapi.json", wsgi(DOOR, signs=True))
ADDED = [
    ignored_auth,
    missing_required_header,
    negative_data_rejection,
    positive_data_acceptance,
]
"""What a request lacks the door adds, and a session of a made-up id is refused: not for a holder."""


@anybody.parametrize()
@bounded
def test_without_a_signature_nothing_is_given_and_nothing_breaks(case: Any) -> None:
    before = len(DOOR.services.sessions.started)
    answer = case.call_and_validate(excluded_checks=[unsupported_method])

    assert answer.status_code >= 400
    assert len(DOOR.services.sessions.started) == before


def test_a_holders_requests_are_answered_as_the_document_says() -> None:
    """And the examples come behind the signature: else this would only show that 401 is 401."""
    operations = [found.ok() for found in holder.get_all_operations()]  # type: ignore[union-attr]
    missed = {each.label for each in operations if not any(s < 300 for s in _statuses(each))}

    # A session's id and a later deadline can't be guessed: refused, as the document says.
    assert missed <= {
        "POST /v1/leases/{lease}/sessions/{session}/resume",
        "POST /v1/leases/{lease}/extend",
    }


def _statuses(operation: Any) -> set[int]:
    """What came of examples of one operation."""
    found: set[int] = set()

    @bounded
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        answer = case.call_and_validate(excluded_checks=[unsupported_method, *ADDED])
        found.add(answer.status_code)

    ask()
    return found
