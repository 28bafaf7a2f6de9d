"""Every AWS call that was made, by whom, and how it ended."""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sshq_sandbox.aws.api_call import ApiCall, without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ANONYMOUS = "anonymous"
_KEPT = 10_000


@dataclass(frozen=True)
class RecordedCall:
    """`status` is 0 and `error` "dropped" when the connection was closed without an answer.

    `caller` is the name that the access key id was registered under, else the key id itself.
    """

    at: str
    caller: str
    service: str
    operation: str
    status: int
    error: str
    ms: float
    region: str
    parameters: Mapping[str, Any]


class CallLog:
    """The last 10,000 calls in memory; all of them in a file of JSON lines. Thread-safe."""

    def __init__(self, path: Path, callers: Mapping[str, str]) -> None:
        self._path = path
        self._callers = callers
        self._calls: deque[RecordedCall] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()

    def record(
        self, call: ApiCall, *, at: datetime, status: int, error: str, seconds: float
    ) -> RecordedCall:
        recorded = RecordedCall(
            at=at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            caller=self.caller_name(call.key_id),
            service=call.service,
            operation=call.operation,
            status=status,
            error=error,
            ms=round(seconds * 1000, 1),
            region=call.region,
            parameters=without_secrets(dict(call.parameters)),
        )
        line = json.dumps(asdict(recorded), ensure_ascii=False, default=str)
        with self._lock:
            self._calls.append(recorded)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        return recorded

    def list(
        self, *, operation: str | None = None, caller: str | None = None
    ) -> list[RecordedCall]:
        """The calls in the order in which they ended, narrowed by what is given."""
        with self._lock:
            calls = list(self._calls)
        return [
            call
            for call in calls
            if operation in (None, call.operation) and caller in (None, call.caller)
        ]

    def caller_name(self, key_id: str) -> str:
        return self._callers.get(key_id, key_id) or ANONYMOUS
