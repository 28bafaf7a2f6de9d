"""The sandbox's public front: API Gateway's HTTP API on a loopback port."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from aiohttp import web

from sshq_sandbox.lambda_host.http_events import (
    BadAnswerError,
    HttpRequest,
    match_route,
    to_answer,
    to_event,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from sshq_sandbox.lambda_host.functions import Functions
    from sshq_sandbox.lambda_host.runtime_api import Outcome
    from sshq_sandbox.lambda_host.template import Function, HttpRoute

_LOG = logging.getLogger(__name__)
_LONGEST_SECONDS = 29.0
_LARGEST_BODY = 10 * 1024 * 1024


class HttpApi:
    """Listens on 127.0.0.1 and gives each request to the function whose route fits best."""

    def __init__(
        self,
        *,
        account: str,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        longest_seconds: float = _LONGEST_SECONDS,
    ) -> None:
        self._account = account
        self._now = now
        self._new_id = new_id
        self._longest_seconds = longest_seconds
        self._functions: Functions | None = None
        self._targets: dict[HttpRoute, str] = {}
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def listen(self, port: int) -> None:
        """Take the port (0: any free one); answers are 503 until `open()`. OSError if it is taken."""
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = runner.addresses[0][1]

    def open(self, functions: Functions, facts: Iterable[Function]) -> None:
        """Begin to serve the routes of `facts`."""
        self._targets = {route: each.logical_id for each in facts for route in each.routes}
        self._functions = functions

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.Request) -> web.Response:
        if self._functions is None:
            return _message(503, "Service Unavailable")
        path = request.raw_path.partition("?")[0]
        found = match_route(tuple(self._targets), request.method, path)
        if found is None:
            return _message(404, "Not Found")
        route, parameters = found
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return _message(413, "Request Entity Too Large")
        event = to_event(
            HttpRequest(
                method=request.method,
                path=path,
                query=request.rel_url.raw_query_string,
                headers=tuple(request.headers.items()),
                body=body,
                source_ip=request.remote or "127.0.0.1",
            ),
            route,
            parameters,
            account=self._account,
            domain=request.host,
            request_id=self._new_id(),
            now=self._now(),
        )
        invocation = asyncio.ensure_future(self._functions.invoke(self._targets[route], event))
        try:
            # The function runs on after the gateway has given up on it, as in AWS.
            async with asyncio.timeout(self._longest_seconds):
                outcome = await asyncio.shield(invocation)
        except TimeoutError:
            return _message(503, "Service Unavailable")
        return _respond(outcome)


def _respond(outcome: Outcome) -> web.Response:
    if outcome.failed:
        return _message(500, "Internal Server Error")
    try:
        answer = to_answer(outcome.payload)
    except BadAnswerError as error:
        _LOG.warning("%s", error)
        return _message(500, "Internal Server Error")
    response = web.Response(status=answer.status, body=answer.body, headers=answer.headers)
    for cookie in answer.cookies:
        response.headers.add("Set-Cookie", cookie)
    return response


def _message(status: int, text: str) -> web.Response:
    return web.json_response({"message": text}, status=status)
