"""The sandbox as one process: AWS, Slack, SSM's message service and Lambda on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import secrets
import signal
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from sshq_sandbox.aws.server import AwsServer
from sshq_sandbox.control import ControlApi
from sshq_sandbox.lambda_host.clock import SandboxClock
from sshq_sandbox.lambda_host.events import EventBus
from sshq_sandbox.lambda_host.host import LambdaHost, Neighbours
from sshq_sandbox.lambda_host.http_api import HttpApi
from sshq_sandbox.lambda_host.template import Place, Template
from sshq_sandbox.slack import people
from sshq_sandbox.slack.stand_in import SlackStandIn
from sshq_sandbox.ssm_service.install import SsmExtensions, install
from sshq_sandbox.ssm_service.message_service import SsmMessageService
from sshq_sandbox.state import DEFAULT_PORT, SandboxFacts, StateError, StateFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta
    from pathlib import Path

REGION = "eu-west-1"
ACCOUNT, STACK = "123456789012", "sshq"
PERSON_KEY, PERSON = "AKIASANDBOXPERSON000", "you"
_LOG = logging.getLogger(__name__)
# SageMaker gives containers 120 s between SIGTERM and SIGKILL; here a person is watching.
_STOP_GRACE_SECONDS = 10.0
_URL_TRIES = 5
# AWS's packages are out of reach; the sandbox's image brings an agent of its own.
_OFFLINE = {"AgentVersion": ""}
_SECRET_VARIABLE = "SSHQ_SLACK_SECRET_ARN"
_Part = TypeVar("_Part")


@dataclass(frozen=True)
class Wishes:
    """What the command line asks for. `port` None: the usual one, or any if that is taken.

    `parameters` are the template's, in place of its defaults.
    """

    state: Path
    template: Path
    port: int | None
    parameters: Mapping[str, str] = field(default_factory=dict)
    region: str = REGION


async def run(wishes: Wishes, ready: Callable[[SandboxFacts], None]) -> None:
    """Run until SIGTERM, SIGINT or `down`; `ready` is called once all is up.

    Raises StateError (in use, port taken) or TemplateError, with nothing left behind.
    """
    folder = StateFolder(wishes.state)
    folder.claim()
    try:
        async with contextlib.AsyncExitStack() as stack:
            sandbox = Sandbox(folder)
            stack.push_async_callback(sandbox.stop)
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, sandbox.ended.set)
            facts = await sandbox.start(wishes)
            ready(facts)
            await sandbox.ended.wait()
    finally:
        folder.clear()


async def _save_request_url(slack: SlackStandIn) -> None:
    """Slack checks the request URL when it is saved; the gateway answers its first request here."""
    for _ in range(_URL_TRIES):
        if await slack.verify_url():
            return
    raise StateError("The Slack gateway doesn't answer. Its log is in the state folder's logs/.")


class Sandbox:
    """All parts, wired. start() once, stop() always (also after a start that failed)."""

    def __init__(self, folder: StateFolder) -> None:
        self.ended = asyncio.Event()
        self.clock = SandboxClock(folder.clock)
        self.slack_calls: list[dict[str, Any]] = []
        self._folder = folder
        self._cleanup = contextlib.AsyncExitStack()
        self._facts: SandboxFacts | None = None
        self._host: LambdaHost | None = None
        self._aws: AwsServer | None = None
        self._messages: SsmMessageService | None = None
        self._slack: SlackStandIn | None = None

    async def start(self, wishes: Wishes) -> SandboxFacts:
        loop = asyncio.get_running_loop()
        now = self.clock.now
        place = Place(region=wishes.region, account=ACCOUNT, stack=STACK)
        http_api = HttpApi(account=place.account, now=now, new_id=_new_id)
        await _listen(http_api, wishes.port)
        self._cleanup.push_async_callback(http_api.stop)
        url = f"http://127.0.0.1:{http_api.port}"

        bus = EventBus(loop, place=place, now=now, new_id=_new_id)
        self._aws = aws = AwsServer(
            state_dir=self._folder.path,
            events=bus,
            crash=self._crash,
            clock=now,
            stop_grace_seconds=_STOP_GRACE_SECONDS,
            keeps_quotas=True,
        )
        self._messages = service = await SsmMessageService.start(self._folder.path)
        self._cleanup.push_async_callback(service.stop)
        # Jobs end before the service that they talk to, and may take their time: not on the loop.
        self._cleanup.push_async_callback(asyncio.to_thread, aws.stop)
        extensions: SsmExtensions = await asyncio.to_thread(self._start_aws, aws, service)
        self._cleanup.callback(extensions.uninstall)

        signing_secret, bot_token = secrets.token_hex(16), f"xoxb-{secrets.token_hex(16)}"
        self._slack = slack = SlackStandIn(
            signing_secret=signing_secret,
            bot_token=bot_token,
            request_url=f"{url}/slack/events",
            record=self.slack_calls.append,
            clock=lambda: now().timestamp(),
            signing_clock=time.time,
        )
        await slack.start()
        self._cleanup.push_async_callback(slack.stop)

        ca_file = self._folder.path / "tls" / "ca.pem"
        admin = next(user for user in people.USERS if user.is_admin)
        template = Template.load(
            wishes.template,
            place=place,
            overrides={"Admins": f"{people.TEAM_ID}/{admin.id}", "SlackApiUrl": slack.url}
            | _OFFLINE
            | dict(wishes.parameters),
        )
        self._host = host = LambdaHost(
            template,
            Neighbours(
                aws_url=aws.url,
                callers=aws.callers,
                clock=self.clock,
                clock_file=self._folder.clock,
                logs=self._folder.logs,
                bus=bus,
                http_api=http_api,
                new_id=_new_id,
            ),
            replaced={
                "SSHQ_API_HOST": f"127.0.0.1:{http_api.port}",
                # Lambda lays the layers out under /opt.
                "SSHQ_CLIENT_FOLDER": str(template.folder / "build/client_layer/client"),
            },
            added={"SSL_CERT_FILE": str(ca_file)},
        )
        self._cleanup.push_async_callback(host.stop)
        await host.start()
        secret = json.dumps({"signing_secret": signing_secret, "bot_token": bot_token})
        await asyncio.to_thread(self._fill_secret, aws.url, place.region, host, secret)
        aws.callers[PERSON_KEY] = PERSON
        await _save_request_url(slack)

        token = secrets.token_urlsafe(32)
        control = ControlApi(self, token)
        control_url = await control.start()
        self._cleanup.push_async_callback(control.stop)
        self._facts = SandboxFacts(
            pid=os.getpid(),
            port=http_api.port,
            url=url,
            control_url=control_url,
            token=token,
            aws_url=aws.url,
            slack_url=slack.url,
            ssm_url=service.url,
            ca_file=str(ca_file),
            region=place.region,
            template=str(wishes.template),
        )
        self._folder.write(self._facts)
        return self._facts

    async def stop(self) -> None:
        await self._cleanup.aclose()

    @property
    def facts(self) -> SandboxFacts:
        return _there(self._facts)

    @property
    def host(self) -> LambdaHost:
        return _there(self._host)

    @property
    def aws(self) -> AwsServer:
        return _there(self._aws)

    @property
    def messages(self) -> SsmMessageService:
        return _there(self._messages)

    @property
    def slack(self) -> SlackStandIn:
        return _there(self._slack)

    async def advance(self, step: timedelta) -> list[str]:
        """Move the time on; return the schedules that fired."""
        self.clock.advance(step)
        return await self.host.catch_up()

    def _crash(self, caller: str) -> None:
        if self._host is not None:
            self._host.functions.crash(caller)

    def _start_aws(self, aws: AwsServer, service: SsmMessageService) -> SsmExtensions:
        aws.start()
        service.aws_url = aws.url
        return install(service, add_target=aws.add_target, now=self.clock.now)

    @staticmethod
    def _fill_secret(aws_url: str, region: str, host: LambdaHost, secret: str) -> None:
        """What an admin does by hand after a deployment."""
        import boto3  # noqa: PLC0415 - 0.3 s, and only here

        arns = {each.environment.get(_SECRET_VARIABLE) for each in host.facts} - {None}
        client = boto3.client(
            "secretsmanager",
            endpoint_url=aws_url,
            region_name=region,
            aws_access_key_id=PERSON_KEY,
            aws_secret_access_key="sandbox",
        )
        for arn in arns:
            client.put_secret_value(SecretId=arn, SecretString=secret)


async def _listen(http_api: HttpApi, port: int | None) -> None:
    try:
        await http_api.listen(DEFAULT_PORT if port is None else port)
    except OSError as error:
        if port is None:
            _LOG.warning("Port %s is taken; taking a free one.", DEFAULT_PORT)
            await http_api.listen(0)
            return
        raise StateError(
            f"Port {port} is taken. Leave out --port to get a free one, "
            f"or see who has it: lsof -nP -iTCP:{port} -sTCP:LISTEN"
        ) from error


def _there(part: _Part | None) -> _Part:
    if part is None:
        raise RuntimeError("the sandbox isn't up")
    return part


def _new_id() -> str:
    return str(uuid.uuid4())
