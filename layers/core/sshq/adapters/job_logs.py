"""CloudWatch Logs, where SageMaker puts what the containers of its training jobs print."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sshq.adapters.aws_errors import code
from sshq.domain.console_links import LOG_GROUP
from sshq.domain.log_pages import LogLine, LogPage, Position
from sshq.domain.records import StageRecord, parse_record
from sshq.domain.redaction import redacted
from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

_ONLY_RECORDS = "{ $.sshq = 1 }"
# A workbench's log is little but sshq's own records: so many pages back are looked through for others.
_MOST_PAGES_BACK = 5
_MOST_LINES = 10_000
# A page of records may be empty and still not be the last.
_MOST_PAGES_OF_RECORDS = 50


class CloudWatchJobLogs:
    """ports.JobLogs. `client` is a boto3 CloudWatch Logs client."""

    def __init__(self, client: Any) -> None:  # noqa: ANN401  boto3 has no types
        self._client = client

    def tail(self, job: str, most: int) -> LogPage:
        position, lines = Position(), list[LogLine]()
        for stream in self._streams(job):
            token, found = self._last(stream, most)
            position = position.moved(_container(stream), token)
            lines += found
        lines.sort(key=lambda line: line.at)
        return LogPage(tuple(lines[-most:]), position.text)

    def after(self, job: str, position: str, most: int) -> LogPage:
        known, lines = Position.of(position), list[LogLine]()
        streams = self._streams(job)
        for stream in streams:
            container = _container(stream)
            page = self._page(
                stream,
                token=known.token(container),
                most=max(1, most // len(streams)),
                from_head=True,
            )
            known = known.moved(container, page["nextForwardToken"])
            lines += _lines(stream, page)
        lines.sort(key=lambda line: line.at)
        return LogPage(tuple(lines), known.text)

    def records(self, job: str, since: datetime) -> list[StageRecord]:
        request: dict[str, Any] = {
            "logGroupName": LOG_GROUP,
            "logStreamNamePrefix": f"{job}/",
            "filterPattern": _ONLY_RECORDS,
            "startTime": int(since.timestamp() * 1000),
        }
        found: list[StageRecord] = []
        for _ in range(_MOST_PAGES_OF_RECORDS):
            try:
                page = self._client.filter_log_events(**request)
            except ClientError as error:
                if code(error) == "ResourceNotFoundException":
                    return []
                raise
            parsed = (parse_record(event["message"]) for event in page["events"])
            found += [record for record in parsed if record is not None]
            if not page.get("nextToken"):
                break
            request["nextToken"] = page["nextToken"]
        return found

    def _streams(self, job: str) -> list[str]:
        """One for each container, of each run: `<job>/algo-1-<when it began>`."""
        pages = self._client.get_paginator("describe_log_streams").paginate(
            logGroupName=LOG_GROUP, logStreamNamePrefix=f"{job}/"
        )
        try:
            return [found["logStreamName"] for page in pages for found in page["logStreams"]]
        except ClientError as error:
            # Nothing in this account has printed a line yet.
            if code(error) == "ResourceNotFoundException":
                return []
            raise

    def _last(self, stream: str, most: int) -> tuple[str, list[LogLine]]:
        """The last lines that aren't sshq's own, and the position after them."""
        page = self._page(stream, token=None, most=most, from_head=False)
        forward, lines = str(page["nextForwardToken"]), _lines(stream, page)
        for _ in range(_MOST_PAGES_BACK):
            if len(lines) >= most or not page["events"]:
                break
            page = self._page(
                stream, token=page["nextBackwardToken"], most=_MOST_LINES, from_head=False
            )
            lines = _lines(stream, page) + lines
        return forward, lines[-most:]

    def _page(
        self, stream: str, *, token: str | None, most: int, from_head: bool
    ) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self._client.get_log_events(
                logGroupName=LOG_GROUP,
                logStreamName=stream,
                limit=most,
                startFromHead=from_head,
                **({"nextToken": token} if token else {}),
            )
        except ClientError as error:
            # CloudWatch's tokens last for a day.
            if code(error) == "InvalidParameterException" and token:
                raise Refusal(Reason.BAD_REQUEST, problem="“after” is too old") from error
            raise
        return found


def _container(stream: str) -> str:
    return stream.rpartition("/")[2]


def _lines(stream: str, page: dict[str, Any]) -> list[LogLine]:
    return list(_own_lines(stream, page))


def _own_lines(stream: str, page: dict[str, Any]) -> Iterator[LogLine]:
    node = _container(stream).rpartition("-")[0]
    for event in page["events"]:
        if parse_record(event["message"]) is None:
            at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
            yield LogLine(at=at, node=node, text=redacted(event["message"]))
