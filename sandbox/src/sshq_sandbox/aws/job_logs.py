"""What a container prints, as CloudWatch Logs keeps it for SageMaker."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

GROUP = "/aws/sagemaker/TrainingJobs"


class JobLogs:
    """Writes straight into moto's store: on AWS it is the platform that writes, not a caller."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()

    def open(self, account_id: str, region: str, job: str, host: str) -> Callable[[str], None]:
        """Make the stream `<job>/<host>-<epoch>`; returns what appends one line to it."""
        from moto.logs.models import logs_backends  # noqa: PLC0415  (slow: not at import)

        backend = logs_backends[account_id][region]
        stream = f"{job}/{host}-{int(self._clock().timestamp())}"
        with self._lock:
            backend.ensure_log_group(GROUP)
            backend.ensure_log_stream(GROUP, stream)

        def append(line: str) -> None:
            if not line.strip():
                return  # CloudWatch takes no empty message
            event = {"timestamp": int(self._clock().timestamp() * 1000), "message": line}
            with self._lock:
                # To the group, not the backend: that refuses what a moved clock makes of the time.
                backend.groups[GROUP].put_log_events(stream, [event])

        return append
