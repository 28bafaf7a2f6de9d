"""One `https://host:port` for all that AWS's agent calls: its Ssm.Endpoint and Mds.Endpoint.

Its Mgs.Endpoint is the message service itself, at the same address. Calls to SSM go on to the sandbox's
AWS as they came; ec2messages never has any (newer agents take commands over the control channel).
"""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable

_JSON = "application/x-amz-json-1.1"
_PASSED_ON = ("Authorization", "X-Amz-Target", "X-Amz-Date", "X-Amz-Security-Token", "Content-Type")
_KEY_SIGNATURE = "SSM-AsymmetricKeyAuthorization"
_SECONDS = 30.0


class AgentEndpoint:
    """`aws_url()`: the sandbox's AWS, "" while there is none. Ended by `stop`."""

    def __init__(self, aws_url: Callable[[], str], poll_seconds: float = 20.0) -> None:
        self._aws_url = aws_url
        self._poll_seconds = poll_seconds
        self._http: aiohttp.ClientSession | None = None
        self._stopping = asyncio.Event()

    async def stop(self) -> None:
        self._stopping.set()
        if self._http is not None:
            await self._http.close()

    async def answer(self, request: web.Request) -> web.Response:
        """A POST of AWS's JSON protocol: by its target."""
        service, _, operation = request.headers.get("X-Amz-Target", "").partition(".")
        if service == "AmazonSSM" and operation:
            return await self._pass_on(request)
        if operation == "GetMessages":
            return await self._poll()
        if operation in {"AcknowledgeMessage", "DeleteMessage", "FailMessage", "SendReply"}:
            return web.json_response({}, content_type=_JSON)
        return web.json_response(
            {"__type": "UnknownOperationException"}, status=400, content_type=_JSON
        )

    async def _poll(self) -> web.Response:
        """Long, as the agent asks again at once."""
        try:
            async with asyncio.timeout(self._poll_seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass
        nothing = {"Messages": [], "MessagesRequestId": str(uuid.uuid4())}
        return web.json_response(nothing, content_type=_JSON)

    async def _pass_on(self, request: web.Request) -> web.Response:
        url = self._aws_url()
        if not url:
            raise web.HTTPServiceUnavailable(text="the sandbox's AWS isn't up yet")
        if self._http is None:
            timeout = aiohttp.ClientTimeout(total=_SECONDS)
            self._http = aiohttp.ClientSession(timeout=timeout, trust_env=False)
        headers = {
            name: request.headers[name]
            for name in (*_PASSED_ON, _KEY_SIGNATURE)
            if name in request.headers
        }
        async with self._http.post(url, data=await request.read(), headers=headers) as answer:
            return web.Response(
                status=answer.status,
                body=await answer.read(),
                headers={
                    name: answer.headers[name]
                    for name in ("Content-Type", "x-amzn-RequestId", "x-amzn-ErrorType")
                    if name in answer.headers
                },
            )
