"""Slack's pace: about one message a second in a channel, and some calls a minute for each method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

if TYPE_CHECKING:
    from slack_sdk.http_retry import HttpResponse

# Twice so long fits into every function's time; whoever is to wait longer comes again through the queue.
LONGEST_WAIT_SECONDS = 5


class ShortWaits(RateLimitErrorRetryHandler):
    """Waits as long as Slack asks and tries again, if that is short.

    https://docs.slack.dev/apis/web-api/rate-limits
    """

    def __init__(self) -> None:
        super().__init__(max_retry_count=2)

    def _can_retry(self, *, response: HttpResponse | None = None, **more: Any) -> bool:  # noqa: ANN401
        return (
            super()._can_retry(response=response, **more)
            and response is not None
            and _wait(response) <= LONGEST_WAIT_SECONDS
        )


def _wait(response: HttpResponse) -> int:
    """In seconds, as Slack writes it; without a header the handler waits one."""
    headers = {name.lower(): values for name, values in response.headers.items()}
    return int(headers["retry-after"][0]) if headers.get("retry-after") else 1
