"""What AWS's errors are called, and what of them may be shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from botocore.exceptions import ClientError


# Some of AWS's sentences list all that they would have taken.
_LONGEST = 600


def code(error: ClientError) -> str:
    """`ResourceInUse`, `ThrottlingException` …"""
    return cast("str", error.response["Error"].get("Code", ""))


def message(error: ClientError) -> str:
    """AWS's own sentence."""
    return cast("str", error.response["Error"].get("Message", ""))


def is_passing(error: ClientError) -> bool:
    """Whether the same call may well succeed in a moment: a throttle or a fault of the service."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or "Throttl" in code(error) or code(error) == "RequestLimitExceeded"


def is_conflict(error: ClientError) -> bool:
    """Whether DynamoDB refused a write because another transaction had its item at that moment."""
    reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
    return code(error) == "TransactionConflictException" or "TransactionConflict" in reasons


def refused(error: ClientError) -> Refusal:
    """A refusal that shows AWS's reason: for errors that asking again won't mend."""
    detail = f"{code(error)}: {message(error)}"
    short = detail if len(detail) <= _LONGEST else detail[: _LONGEST - 1] + "…"
    return Refusal(Reason.REFUSED_BY_AWS, detail=short)
