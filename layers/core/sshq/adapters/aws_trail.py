"""The ids under which AWS knows what was just done to it, for the audit."""

from __future__ import annotations

from collections import deque
from typing import Any

# They change nothing in the account that an audit is about.
_READING = ("Get", "List", "Describe", "Head", "Query", "Batch", "Filter")
_OWN_BOOKS = {"dynamodb", "sqs", "secretsmanager"}
_MOST = 40


class AwsTrail:
    """`service:Operation request-id` of the calls that change something, since they were last taken."""

    def __init__(self) -> None:
        self._ids: deque[str] = deque(maxlen=_MOST)

    def watch(self, client: Any) -> None:  # noqa: ANN401  boto3 has no types
        """Note the calls of a boto3 client from now on."""
        if client.meta.service_model.service_name not in _OWN_BOOKS:
            client.meta.events.register("after-call", self._note)

    def take(self) -> tuple[str, ...]:
        """What was noted; it is forgotten then."""
        taken = tuple(self._ids)
        self._ids.clear()
        return taken

    def _note(self, *, model: Any, parsed: Any, **_more: Any) -> None:  # noqa: ANN401
        metadata = parsed.get("ResponseMetadata", {})
        # S3 calls its own id something else.
        request = metadata.get("RequestId") or metadata.get("HostId", "")
        if metadata.get("HTTPStatusCode", 500) < 300 and not model.name.startswith(_READING):
            self._ids.append(f"{model.service_model.service_name}:{model.name} {request}")
