"""The template's functions, ready to be invoked: some warm processes for each, made on demand."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sshq_sandbox.aws.partitions import partition_of
from sshq_sandbox.lambda_host.runtime_api import (
    FunctionProcess,
    Invocation,
    Outcome,
    ProcessFacts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sshq_sandbox.lambda_host.template import Function

_LOG = logging.getLogger(__name__)
# More than a person's laptop needs at once, and few enough for its memory (60 MB each).
_MOST_PROCESSES = 4
# AWS waits 1 and 2 minutes; here a person is watching.
_RETRY_SECONDS = (1.0, 2.0)
# Lambda gives initialisation ten seconds of its own, which don't count against the timeout.
_INIT_SECONDS = 10.0


@dataclass(frozen=True)
class Surroundings:
    """What the sandbox adds to each function's environment, and where its files are."""

    region: str
    account: str
    logs: Path
    clock_file: Path
    common: Mapping[str, str]
    credentials: Mapping[str, Mapping[str, str]]


class Functions:
    """Invokes functions by logical id. Waits for a free process where Lambda would throttle."""

    def __init__(
        self,
        functions: Mapping[str, Function],
        surroundings: Surroundings,
        *,
        new_id: Callable[[], str],
        retry_seconds: tuple[float, ...] = _RETRY_SECONDS,
    ) -> None:
        self._functions = functions
        self._surroundings = surroundings
        self._new_id = new_id
        self._retry_seconds = retry_seconds
        self._idle: dict[str, list[FunctionProcess]] = {name: [] for name in functions}
        self._all: dict[str, set[FunctionProcess]] = {name: set() for name in functions}
        self._slots = {
            name: asyncio.Semaphore(min(function.concurrency or _MOST_PROCESSES, _MOST_PROCESSES))
            for name, function in functions.items()
        }
        self._background: set[asyncio.Task[Outcome]] = set()
        self._busy = 0
        self._read_end, self._write_end = os.pipe()

    @property
    def busy(self) -> int:
        """Invocations that are running, waiting for a process, or waiting for their retry."""
        return self._busy

    @property
    def pids(self) -> dict[str, list[int]]:
        """Process ids per function, for `status`."""
        return {
            name: [process.pid for process in tuple(processes) if process.pid and process.alive]
            for name, processes in self._all.items()
        }

    async def warm(self, logical_id: str) -> None:
        """Start a process before it is needed, as provisioned concurrency does."""
        self._idle[logical_id].append(await self._start(self._functions[logical_id]))

    def crash(self, logical_id: str) -> None:
        """End the function's processes where they stand (a planned fault). From any thread."""
        for pid in self.pids.get(logical_id, []):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

    async def invoke(self, logical_id: str, event: Mapping[str, Any]) -> Outcome:
        """Invoke and wait (InvocationType RequestResponse). KeyError for an unknown function."""
        function = self._functions[logical_id]
        self._busy += 1
        try:
            async with self._slots[logical_id]:
                return await self._run(function, json.dumps(event).encode())
        finally:
            self._busy -= 1

    def start_later(self, logical_id: str, event: Mapping[str, Any]) -> asyncio.Task[Outcome]:
        """Invoke asynchronously (InvocationType Event): two retries, then it is logged as lost.

        The task ends with the last outcome.
        """
        task = asyncio.create_task(
            self._with_retries(logical_id, event), name=f"invoke-{logical_id}"
        )
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    async def stop(self) -> None:
        """End all processes. Closing the lifeline ends even one that isn't known any more."""
        tasks = tuple(self._background)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        processes = [process for each in self._all.values() for process in each]
        await asyncio.gather(*(process.stop() for process in processes))
        for end in (self._write_end, self._read_end):
            with contextlib.suppress(OSError):
                os.close(end)

    async def _with_retries(self, logical_id: str, event: Mapping[str, Any]) -> Outcome:
        self._busy += 1
        try:
            outcome = await self.invoke(logical_id, event)
            for pause in self._retry_seconds:
                if not outcome.failed:
                    break
                await asyncio.sleep(pause)
                outcome = await self.invoke(logical_id, event)
        finally:
            self._busy -= 1
        if outcome.failed:
            _LOG.error("%s: the event is given up: %s", logical_id, event)
        return outcome

    async def _run(self, function: Function, event: bytes) -> Outcome:
        process = await self._process(function)
        outcome = await process.invoke(
            Invocation(
                request_id=self._new_id(),
                function_arn=self._arn(function),
                event=event,
                # The first one includes the start of the interpreter and the imports.
                timeout_seconds=function.timeout_seconds + (0 if process.served else _INIT_SECONDS),
            )
        )
        if outcome.failed:
            told = outcome.payload.decode(errors="replace")
            _LOG.warning("%s failed: %s", function.logical_id, told)
        if process.alive:
            self._idle[function.logical_id].append(process)
        else:
            await self._discard(function, process)
        return outcome

    async def _process(self, function: Function) -> FunctionProcess:
        idle = self._idle[function.logical_id]
        while idle:
            process = idle.pop()
            if process.alive:
                return process
            await self._discard(function, process)
        return await self._start(function)

    async def _start(self, function: Function) -> FunctionProcess:
        process = FunctionProcess(self._facts(function), lifeline=self._read_end)
        self._all[function.logical_id].add(process)
        await process.start()
        return process

    async def _discard(self, function: Function, process: FunctionProcess) -> None:
        self._all[function.logical_id].discard(process)
        await process.stop()

    def _facts(self, function: Function) -> ProcessFacts:
        around = self._surroundings
        return ProcessFacts(
            handler=function.handler,
            folder=function.code,
            log=around.logs / f"{function.logical_id}.log",
            environment={
                "PATH": os.defpath,
                "LANG": "C.UTF-8",
                "TZ": ":UTC",
                "PYTHONUNBUFFERED": "1",
                "AWS_REGION": around.region,
                "AWS_DEFAULT_REGION": around.region,
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_EXECUTION_ENV": "AWS_Lambda_python{}.{}".format(*sys.version_info),
                "AWS_LAMBDA_FUNCTION_NAME": function.name,
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
                "LAMBDA_TASK_ROOT": str(function.code),
                "LAMBDA_RUNTIME_DIR": str(function.code),
                "_HANDLER": function.handler,
                "SSHQ_SANDBOX_CLOCK": str(around.clock_file),
                "SSHQ_SANDBOX_LAYERS": os.pathsep.join(map(str, function.layers)),
                **function.environment,
                **around.common,
                **around.credentials.get(function.logical_id, {}),
            },
        )

    def _arn(self, function: Function) -> str:
        around = self._surroundings
        where = f"{partition_of(around.region)}:lambda:{around.region}:{around.account}"
        return f"arn:{where}:function:{function.name}"
