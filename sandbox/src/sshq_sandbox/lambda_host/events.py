"""The sandbox's EventBridge: services put events, the template's rules send them on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sshq_sandbox.lambda_host.event_patterns import matches

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from sshq_sandbox.lambda_host.functions import Functions
    from sshq_sandbox.lambda_host.template import Function, Place

_LOG = logging.getLogger(__name__)


class EventBus:
    """Implements ports.EventSink. Before `open()` and after `close()` there are no rules."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        place: Place,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._loop = loop
        self._place = place
        self._now = now
        self._new_id = new_id
        self._functions: Functions | None = None
        self._targets: list[tuple[Mapping[str, Any], str]] = []

    def open(self, functions: Functions, facts: Iterable[Function]) -> None:
        """Begin to deliver by the rules of `facts`."""
        self._targets = [(rule.pattern, each.logical_id) for each in facts for rule in each.rules]
        self._functions = functions

    def close(self) -> None:
        self._functions = None

    def put(self, *, source: str, detail_type: str, detail: Mapping[str, Any]) -> None:
        """Take an event, from any thread; functions are invoked later, in the order of arrival."""
        event = {
            "version": "0",
            "id": self._new_id(),
            "detail-type": detail_type,
            "source": source,
            "account": self._place.account,
            "time": self._now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._place.region,
            "resources": _resources(detail),
            "detail": dict(detail),
        }
        self._loop.call_soon_threadsafe(self._deliver, event)

    def _deliver(self, event: Mapping[str, Any]) -> None:
        if self._functions is None:
            return
        for pattern, logical_id in self._targets:
            if matches(pattern, event):
                self._functions.start_later(logical_id, event)
            else:
                _LOG.debug("%s isn't for %s", event["detail-type"], logical_id)


def _resources(detail: Mapping[str, Any]) -> list[str]:
    """SageMaker names the job's ARN; other services' events carry none here."""
    arn = detail.get("TrainingJobArn")
    return [arn] if isinstance(arn, str) else []
