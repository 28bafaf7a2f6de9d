"""IamProvisioner: works off provisioning.fifo, and looks for drift once a day. Nothing else may touch IAM."""

from __future__ import annotations

from typing import Any

from sshq.adapters.redelivery import bring_back
from sshq.adapters.sqs_worker import handler_for
from sshq.composition import live
from sshq.use_cases.dispatch import provisioning
from sshq.use_cases.drift import watch

_orders = handler_for(provisioning, after_failure=bring_back)


def lambda_handler(event: dict[str, Any], context: Any) -> Any:  # noqa: ANN401
    """Records of the queue, or a tick of EventBridge Scheduler."""
    if "Records" in event:
        return _orders(event, context)
    return watch(live())
