"""The template at work: its resources in AWS's stand-in, its functions, and what calls them."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from sshq_sandbox.lambda_host.functions import Functions, Surroundings
from sshq_sandbox.lambda_host.provision import Stack
from sshq_sandbox.lambda_host.queues import QueuePumps
from sshq_sandbox.lambda_host.schedules import Schedules

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping
    from pathlib import Path

    from sshq_sandbox.lambda_host.clock import SandboxClock
    from sshq_sandbox.lambda_host.events import EventBus
    from sshq_sandbox.lambda_host.http_api import HttpApi
    from sshq_sandbox.lambda_host.template import Function, Template

# Access key ids under which the host's own calls are recorded.
DEPLOYER_KEY, DEPLOYER = "AKIASANDBOXDEPLOYER0", "cloudformation"
POLLER_KEY, POLLER = "AKIASANDBOXPOLLER000", "lambda-poller"
_THREADS = 16


@dataclass(frozen=True)
class Neighbours:
    """What the host works with: AWS's stand-in, its call log's names, and the common parts."""

    aws_url: str
    callers: MutableMapping[str, str]
    clock: SandboxClock
    clock_file: Path
    logs: Path
    bus: EventBus
    http_api: HttpApi
    new_id: Callable[[], str]


class LambdaHost:
    """start() deploys the template and opens bus and HTTP API; stop() ends every child."""

    def __init__(
        self,
        template: Template,
        neighbours: Neighbours,
        *,
        replaced: Mapping[str, str],
        added: Mapping[str, str],
    ) -> None:
        """`replaced`: variables whose value differs from the template's, where a function has them.

        `added`: variables that every function gets.
        """
        self._template = template
        self._neighbours = neighbours
        self._replaced = replaced
        self._added = added
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="lambda-host")
        self._functions: Functions | None = None
        self._pumps: QueuePumps | None = None
        self._schedules: Schedules | None = None
        self.facts: list[Function] = []
        self.left_out: list[str] = []

    async def start(self) -> None:
        """Deploy, then begin to serve. Raises TemplateError, or botocore's ClientError."""
        around, place = self._neighbours, self._template.place
        around.callers[DEPLOYER_KEY] = DEPLOYER
        around.callers[POLLER_KEY] = POLLER
        loop = asyncio.get_running_loop()
        facts, credentials, sqs = await loop.run_in_executor(self._executor, self._deploy)
        self.facts = facts
        self._functions = functions = Functions(
            {each.logical_id: each for each in facts},
            Surroundings(
                region=place.region,
                account=place.account,
                logs=around.logs,
                clock_file=around.clock_file,
                common={"AWS_ENDPOINT_URL": around.aws_url, **self._added},
                credentials=credentials,
            ),
            new_id=around.new_id,
        )
        for each in facts:
            if each.routes:  # somebody waits for these: Slack for three seconds only
                await functions.warm(each.logical_id)
        around.bus.open(functions, facts)
        self._pumps = QueuePumps(sqs, functions, region=place.region, executor=self._executor)
        self._pumps.start(facts)
        self._schedules = Schedules(
            functions, place=place, now=around.clock.now, new_id=around.new_id
        )
        self._schedules.start(facts)
        around.http_api.open(functions, facts)

    @property
    def functions(self) -> Functions:
        if self._functions is None:
            raise RuntimeError("the Lambda host hasn't been started")
        return self._functions

    async def is_quiet(self) -> bool:
        """Whether no function runs and no message waits."""
        if self._pumps is None:
            return True
        return self.functions.busy == 0 and await self._pumps.waiting() == 0

    async def catch_up(self) -> list[str]:
        """After the clock was moved: fire the schedules that are due, wait, return their names."""
        return [] if self._schedules is None else await self._schedules.catch_up()

    async def stop(self) -> None:
        self._neighbours.bus.close()
        for part in (self._schedules, self._pumps, self._functions):
            if part is not None:
                await part.stop()
        await asyncio.to_thread(self._executor.shutdown)

    def _deploy(self) -> tuple[list[Function], dict[str, dict[str, str]], Any]:
        import boto3  # noqa: PLC0415 - 0.3 s, and only here

        around, region = self._neighbours, self._template.place.region

        @cache  # a stack has thirty resources of eight services
        def client(service: str, key: str = DEPLOYER_KEY) -> Any:  # noqa: ANN401
            return boto3.client(
                service,
                endpoint_url=around.aws_url,
                region_name=region,
                aws_access_key_id=key,
                aws_secret_access_key="sandbox",
            )

        stack = Stack(self._template, client)
        facts = [self._as_here(function) for function in stack.deploy()]
        self.left_out = stack.left_out
        sts = client("sts")
        credentials = {}
        for each in facts:
            given = sts.assume_role(RoleArn=each.role_arn, RoleSessionName=each.name)["Credentials"]
            around.callers[given["AccessKeyId"]] = each.logical_id
            credentials[each.logical_id] = {
                "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
                "AWS_SESSION_TOKEN": given["SessionToken"],
            }
        return facts, credentials, client("sqs", POLLER_KEY)

    def _as_here(self, function: Function) -> Function:
        here = {key: value for key, value in self._replaced.items() if key in function.environment}
        return replace(function, environment={**function.environment, **here})
