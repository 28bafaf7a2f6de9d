"""Caretaker: every minute, what no event told: readiness, deadlines, missed ends, lapsed approvals.

Once a day: members who have left, and the audit into S3.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger

from sshq.composition import live
from sshq.use_cases.approving import lapse
from sshq.use_cases.auditing import export_lately
from sshq.use_cases.daily import ask_after_members
from sshq.use_cases.ending import finish_endings
from sshq.use_cases.sweep import sweep

logger = Logger()


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: Any) -> None:  # noqa: ANN401, ARG001
    """A tick of EventBridge Scheduler: each minute's, or the day's, which says so."""
    services = live()
    if event.get("round") == "daily":
        ask_after_members(services)
        export_lately(services)
        return
    for name in sweep(services):
        logger.error("could not be looked after", extra={"job": name})
    finish_endings(services)
    lapse(services)
