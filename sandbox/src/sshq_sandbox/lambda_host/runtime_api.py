"""One function process and the Lambda Runtime API that it talks to.

Each process has a listener of its own: one that was killed while it waited for work can't take the
next event away from its successor. https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_VERSION = "/2018-06-01/runtime"
_STOP_SECONDS = 2.0
# Lambda's limit for a synchronous answer is 6 MB.
_LARGEST_ANSWER = 6 * 1024 * 1024


@dataclass(frozen=True)
class Invocation:
    """One event for one process."""

    request_id: str
    function_arn: str
    event: bytes
    timeout_seconds: float


@dataclass(frozen=True)
class Outcome:
    """What came of it: the handler's JSON, or Lambda's error object with `failed` set."""

    payload: bytes
    failed: bool = False


@dataclass(frozen=True)
class ProcessFacts:
    """How to start a function's process. `environment` is complete: nothing else is inherited."""

    handler: str
    folder: Path
    environment: Mapping[str, str]
    log: Path


class FunctionProcess:
    """A child that runs a handler under Lambda's runtime client; one invocation at a time.

    start() → invoke()… → stop(). Once `alive` is False it is of no more use.
    """

    def __init__(self, facts: ProcessFacts, *, lifeline: int) -> None:
        self._facts = facts
        self._lifeline = lifeline
        self._events: asyncio.Queue[Invocation] = asyncio.Queue(maxsize=1)
        self._outcome: asyncio.Future[Outcome] | None = None
        self._current: Invocation | None = None
        self._runner: web.AppRunner | None = None
        self._child: asyncio.subprocess.Process | None = None
        self._init_error: Outcome | None = None
        self._stopped = False
        self.served = False
        """Whether it has answered before: its initialisation is over."""

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.returncode is None

    @property
    def pid(self) -> int | None:
        return None if self._child is None else self._child.pid

    async def start(self) -> None:
        """Listen, and start the child."""
        app = web.Application(client_max_size=_LARGEST_ANSWER)
        app.router.add_get(f"{_VERSION}/invocation/next", self._next)
        app.router.add_post(f"{_VERSION}/invocation/{{id}}/response", self._response)
        app.router.add_post(f"{_VERSION}/invocation/{{id}}/error", self._error)
        app.router.add_post(f"{_VERSION}/init/error", self._init)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        with self._facts.log.open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "sshq_sandbox.lambda_host.bootstrap",
                self._facts.handler,
                cwd=self._facts.folder,
                env={
                    **self._facts.environment,
                    "AWS_LAMBDA_RUNTIME_API": f"{host}:{port}",
                    "SSHQ_SANDBOX_LIFELINE": str(self._lifeline),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(self._lifeline,),
                start_new_session=True,
            )
        if self._stopped:  # while it was starting
            await self.stop()

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one event. A timeout or the child's death is an outcome, not an exception."""
        if self._child is None:
            raise RuntimeError("the function's process hasn't been started")
        self._outcome = asyncio.get_running_loop().create_future()
        self._current = invocation
        self._events.put_nowait(invocation)
        exited = asyncio.ensure_future(self._child.wait())
        waited_for: set[asyncio.Future[Any]] = {self._outcome, exited}
        try:
            await asyncio.wait(
                waited_for,
                timeout=invocation.timeout_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if self._outcome.done():
                self.served = True
                return self._outcome.result()
            if exited.done():
                return self._init_error or _exited(invocation, exited.result())
            await self.stop()
            return _timed_out(invocation)
        finally:
            exited.cancel()
            self._current = None

    async def stop(self) -> None:
        """End the child and its group; stop listening. Also for one that is still starting."""
        self._stopped = True
        child = self._child
        if child is not None and child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_SECONDS):
                    await child.wait()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _next(self, request: web.Request) -> web.Response:
        del request
        invocation = await self._events.get()
        deadline = int((time.time() + invocation.timeout_seconds) * 1000)
        return web.Response(
            body=invocation.event,
            content_type="application/json",
            headers={
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
            },
        )

    async def _response(self, request: web.Request) -> web.Response:
        return self._settle(request, Outcome(await request.read()))

    async def _error(self, request: web.Request) -> web.Response:
        return self._settle(request, Outcome(await request.read(), failed=True))

    async def _init(self, request: web.Request) -> web.Response:
        self._init_error = Outcome(await request.read(), failed=True)
        return web.json_response({"status": "OK"}, status=202)

    def _settle(self, request: web.Request, outcome: Outcome) -> web.Response:
        current = self._current
        if current is None or request.match_info["id"] != current.request_id:
            return web.json_response({"errorType": "InvalidRequestID"}, status=400)
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(outcome)
        return web.json_response({"status": "OK"}, status=202)


def _timed_out(invocation: Invocation) -> Outcome:
    return _error(
        invocation,
        "Sandbox.Timedout",
        f"Task timed out after {invocation.timeout_seconds:.2f} seconds",
    )


def _exited(invocation: Invocation, status: int) -> Outcome:
    how = f"exit status {status}" if status >= 0 else f"signal: {signal.Signals(-status).name}"
    return _error(invocation, "Runtime.ExitError", f"Runtime exited with error: {how}")


def _error(invocation: Invocation, kind: str, message: str) -> Outcome:
    told = f"RequestId: {invocation.request_id} Error: {message}"
    return Outcome(json.dumps({"errorType": kind, "errorMessage": told}).encode(), failed=True)
