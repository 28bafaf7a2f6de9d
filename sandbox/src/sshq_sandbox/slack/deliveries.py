"""Signed requests to the bot's request URL, and what Slack makes of the answer."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import aiohttp

from sshq_sandbox.slack.signature import signature_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@dataclass(frozen=True)
class Ack:
    """How the bot answered one delivery.

    request_id : of the sandbox, for `redeliver` (Slack has no such id).
    kind : `slash_command`, `block_actions`, `view_submission`, or an event's type.
    status : HTTP status; None when no answer came.
    error : None when acknowledged; else `operation_timeout` (3 s) or `dispatch_failed`.
    body : the answer's text.
    trigger_id : what the request lent to the bot, None for events.
    ms : how long the answer took.
    retried : X-Slack-Retry-Num of this delivery; 0 for the first.
    reason : X-Slack-Retry-Reason that a retry would give; None when acknowledged.
    """

    request_id: str
    kind: str
    status: int | None
    error: str | None
    body: str
    content_type: str
    ms: float
    trigger_id: str | None = None
    retried: int = 0
    reason: str | None = None
    no_retry: bool = False

    @property
    def ok(self) -> bool:
        return self.error is None


@dataclass(frozen=True)
class _Sent:
    kind: str
    body: bytes
    headers: Mapping[str, str]
    trigger_id: str | None


class Deliveries:
    """Sends requests, and keeps them: any can be delivered again, byte for byte."""

    def __init__(
        self,
        *,
        signing_secret: str,
        request_url: str,
        clock: Callable[[], float],
        ack_seconds: float,
    ) -> None:
        self._signing_secret = signing_secret
        self._request_url = request_url
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(total=ack_seconds)
        self._sent: dict[str, _Sent] = {}
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        # No proxy from the environment, no cookies: Slack's requests come straight.
        self._session = aiohttp.ClientSession(
            timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(
        self, kind: str, body: bytes, content_type: str, *, trigger_id: str | None = None
    ) -> Ack:
        headers = {
            "Content-Type": content_type,
            "Accept": "application/json,*/*",
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            **signature_headers(self._signing_secret, body, int(self._clock())),
        }
        request_id = f"request-{len(self._sent) + 1}"
        sent = _Sent(kind, body, headers, trigger_id)
        self._sent[request_id] = sent
        return await self._post(request_id, sent)

    async def redeliver(self, request_id: str, *, fresh_signature: bool) -> Ack:
        """The same body again: with the same headers (a replay), or signed anew (as Slack retries).

        The answer is shown to nobody. Raises KeyError for a request that wasn't sent.
        """
        sent = self._sent[request_id]
        return await self._post(request_id, self._resigned(sent) if fresh_signature else sent)

    async def retry(self, ack: Ack) -> Ack:
        """The next retry of a failed event: signed anew, with Slack's two headers."""
        sent = self._resigned(self._sent[ack.request_id])
        number = ack.retried + 1
        extra = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": str(ack.reason)}
        again = await self._post(ack.request_id, replace(sent, headers={**sent.headers, **extra}))
        return replace(again, retried=number)

    def _resigned(self, sent: _Sent) -> _Sent:
        signature = signature_headers(self._signing_secret, sent.body, int(self._clock()))
        return replace(sent, headers={**sent.headers, **signature})

    async def _post(self, request_id: str, sent: _Sent) -> Ack:
        if self._session is None:
            raise RuntimeError("the stand-in has not been started")
        started = time.perf_counter()
        answer: dict[str, Any] = {"status": None, "body": "", "content_type": ""}
        error = reason = None
        try:
            async with self._session.post(
                self._request_url, data=sent.body, headers=sent.headers, allow_redirects=False
            ) as response:
                answer = {
                    "status": response.status,
                    "body": await response.text(),
                    "content_type": response.content_type,
                    "no_retry": response.headers.get("X-Slack-No-Retry") == "1",
                }
                if response.status != 200:
                    error, reason = "dispatch_failed", "http_error"
        except TimeoutError:
            error, reason = "operation_timeout", "http_timeout"
        except aiohttp.ClientError:
            error, reason = "dispatch_failed", "connection_failed"
        return Ack(
            request_id=request_id,
            kind=sent.kind,
            error=error,
            reason=reason,
            ms=round((time.perf_counter() - started) * 1000, 1),
            trigger_id=sent.trigger_id,
            **answer,
        )
