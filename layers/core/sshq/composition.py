"""The one composition root: which adapter stands behind which port. Nothing is made until it is used."""

from __future__ import annotations

import os
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from sshq.adapters.aws_trail import AwsTrail
from sshq.adapters.clock import SystemClock
from sshq.adapters.randomness import SystemRandomness
from sshq.domain import tags
from sshq.settings import Settings, settings_from

if TYPE_CHECKING:
    from sshq.adapters.dynamodb.audit import DynamoAudit
    from sshq.adapters.dynamodb.table import Table
    from sshq.adapters.slack_secret import SlackSecret
    from sshq.ports import (
        Account,
        AgentMirror,
        Approvals,
        Budgets,
        CertificateAuthority,
        Chat,
        ClientPackage,
        Clock,
        CommandQueue,
        Identities,
        JobLogs,
        Jobs,
        Leases,
        Members,
        Nodes,
        Plans,
        Presets,
        Prices,
        Quotas,
        Randomness,
        Rates,
        Redelivery,
        Requests,
        Sessions,
        SetupMemory,
        Shares,
        StartupFiles,
        Tickets,
        TrainingJobs,
        WaitingRoom,
    )

# One call to AWS may hang; a function's time is better spent on a second try.
_CONNECT_SECONDS = 3
_READ_SECONDS = 10
_TRIES = 4
# Where Lambda puts the layer; only the function that sets up has it.
_SSH_SERVER_LAYER = Path("/opt/ssh_server")


class Live:
    """ports.Services with AWS and Slack behind it. A function touches only what it uses.

    An adapter's import stands where it is made: a cold start pays for its own function's adapters
    only. What every function needs (boto3) is imported above, while Lambda's start has a whole CPU.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.randomness: Randomness = SystemRandomness()
        self._trail = AwsTrail()

    @cached_property
    def requests(self) -> Requests:
        from sshq.adapters.dynamodb.requests import DynamoRequests

        return DynamoRequests(self._table)

    @cached_property
    def members(self) -> Members:
        from sshq.adapters.dynamodb.members import DynamoMembers

        return DynamoMembers(self._table)

    @cached_property
    def jobs(self) -> Jobs:
        from sshq.adapters.dynamodb.jobs import DynamoJobs

        return DynamoJobs(self._table)

    @cached_property
    def tickets(self) -> Tickets:
        from sshq.adapters.dynamodb.tickets import DynamoTickets

        return DynamoTickets(self._table)

    @cached_property
    def leases(self) -> Leases:
        from sshq.adapters.dynamodb.leases import DynamoLeases

        return DynamoLeases(self._table, self.audit)

    @cached_property
    def shares(self) -> Shares:
        from sshq.adapters.dynamodb.shares import DynamoShares

        return DynamoShares(self._table)

    @cached_property
    def rates(self) -> Rates:
        from sshq.adapters.dynamodb.rates import DynamoRates

        return DynamoRates(self._table)

    @cached_property
    def presets(self) -> Presets:
        from sshq.adapters.dynamodb.presets import DynamoPresets

        return DynamoPresets(self._table)

    @cached_property
    def budgets(self) -> Budgets:
        from sshq.adapters.dynamodb.budgets import DynamoBudgets

        return DynamoBudgets(self._table)

    @cached_property
    def waiting_room(self) -> WaitingRoom:
        from sshq.adapters.dynamodb.waiting import DynamoWaitingRoom

        return DynamoWaitingRoom(self._table)

    @cached_property
    def prices(self) -> Prices:
        from sshq.adapters.dynamodb.answers import Answers
        from sshq.adapters.prices import AwsPrices, pricing_region

        region = self.settings.region
        return AwsPrices(
            self._client("pricing", region=pricing_region(region)),
            Answers(self._table),
            region=region,
            currency=self.settings.currency,
            clock=self.clock,
        )

    @cached_property
    def quotas(self) -> Quotas:
        from sshq.adapters.dynamodb.answers import Answers
        from sshq.adapters.quotas import AwsQuotas

        return AwsQuotas(self._client("service-quotas"), Answers(self._table), clock=self.clock)

    @cached_property
    def plans(self) -> Plans:
        from sshq.adapters.dynamodb.plans import DynamoPlans

        return DynamoPlans(self._table)

    @cached_property
    def setup_memory(self) -> SetupMemory:
        from sshq.adapters.dynamodb.setup_memory import DynamoSetupMemory

        return DynamoSetupMemory(self._table)

    @cached_property
    def approvals(self) -> Approvals:
        from sshq.adapters.dynamodb.approvals import DynamoApprovals

        return DynamoApprovals(self._table)

    @cached_property
    def audit(self) -> DynamoAudit:
        from sshq.adapters.dynamodb.audit import DynamoAudit

        return DynamoAudit(self._table, self.clock, self.randomness, self._trail)

    @cached_property
    def chat(self) -> Chat:
        from slack_sdk import WebClient

        from sshq.adapters.slack_chat import SlackChat
        from sshq.adapters.slack_pace import ShortWaits

        token = self.slack_secret.bot_token.get_secret_value()
        client = WebClient(token=token, base_url=self.settings.slack_api_url, timeout=10)
        client.retry_handlers.append(ShortWaits())
        return SlackChat(client)

    @cached_property
    def commands_queue(self) -> CommandQueue:
        from sshq.adapters.queues import SqsQueue

        return SqsQueue(self._client("sqs"), url=self.settings.commands_queue_url)

    @cached_property
    def provisioning_queue(self) -> CommandQueue:
        from sshq.adapters.queues import SqsQueue

        return SqsQueue(self._client("sqs"), url=self.settings.provisioning_queue_url)

    @cached_property
    def redelivery(self) -> Redelivery:
        from sshq.adapters.redelivery import SqsRedelivery

        settings = self.settings
        urls = (settings.commands_queue_url, settings.provisioning_queue_url)
        return SqsRedelivery(self._client("sqs"), urls=urls)

    @cached_property
    def training_jobs(self) -> TrainingJobs:
        from sshq.adapters.training_jobs import SageMakerTrainingJobs

        return SageMakerTrainingJobs(
            self._client("sagemaker"),
            arn_prefix=self.settings.training_job_arn_prefix,
            clock=self.clock,
        )

    @cached_property
    def nodes(self) -> Nodes:
        from sshq.adapters.nodes import SsmNodes

        return SsmNodes(
            self._client("ssm"),
            region=self.settings.region,
            node_role=self.settings.node_role,
            command_document=self.settings.command_document,
            stack_tag=(tags.STACK, self.settings.stack),
            clock=self.clock,
        )

    @cached_property
    def sessions(self) -> Sessions:
        from sshq.adapters.sessions import SsmSessions

        return SsmSessions(
            self._client("ssm"),
            document=self.settings.session_document,
            region=self.settings.region,
            credentials=lambda: self._session.get_credentials().get_frozen_credentials(),
            presign=self.settings.stream_urls == "presigned",
        )

    @cached_property
    def startup_files(self) -> StartupFiles:
        from sshq.adapters.startup_files import S3StartupFiles

        return S3StartupFiles(
            self._client("s3"), bucket=self.settings.bucket, account=self.settings.account
        )

    @cached_property
    def agent_mirror(self) -> AgentMirror:
        from sshq.adapters.agent_mirror import S3AgentMirror

        return S3AgentMirror(
            self._client("s3"),
            bucket=self.settings.bucket,
            account=self.settings.account,
            source=self.settings.agent_source,
            ssh_server=_SSH_SERVER_LAYER,
        )

    @cached_property
    def client_package(self) -> ClientPackage:
        from sshq.adapters.client_package import LayerClientPackage

        return LayerClientPackage(Path(self.settings.client_folder))

    @cached_property
    def job_logs(self) -> JobLogs:
        from sshq.adapters.job_logs import CloudWatchJobLogs

        return CloudWatchJobLogs(self._client("logs"))

    @cached_property
    def ca(self) -> CertificateAuthority:
        from sshq.adapters.certificate_authority import KmsCertificateAuthority

        return KmsCertificateAuthority(
            self._client("kms"),
            key_ids=self.settings.ssh_ca_keys,
            serial=lambda: int.from_bytes(self.randomness.token(8), "big"),
        )

    @cached_property
    def account(self) -> Account:
        from sshq.adapters.account import AwsAccount

        return AwsAccount(
            iam=self._client("iam"),
            ssm=self._client("ssm"),
            s3=self._client("s3"),
            agent_mirror=self.agent_mirror,
            names=self.settings.names,
        )

    @cached_property
    def identities(self) -> Identities:
        from sshq.adapters.identities import IamIdentities

        return IamIdentities(self._client("iam"), group=self.settings.group)

    @cached_property
    def slack_secret(self) -> SlackSecret:
        from sshq.adapters.slack_secret import read_slack_secret

        return read_slack_secret(self._client("secretsmanager"), self.settings.slack_secret_arn)

    @cached_property
    def _table(self) -> Table:
        from sshq.adapters.dynamodb.table import Table

        return Table(self._client("dynamodb"), self.settings.table, self.randomness, self.clock)

    @cached_property
    def _session(self) -> Any:  # noqa: ANN401  boto3 has no types
        return boto3.Session(region_name=self.settings.region)

    def _client(self, service: str, *, region: str | None = None) -> Any:  # noqa: ANN401  boto3 has no types
        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": _TRIES},
        )
        client = self._session.client(service, region_name=region, config=config)
        self._trail.watch(client)
        return client


_clock: Clock = SystemClock()


def set_clock(clock: Clock) -> None:
    """For a machine whose time is moved by hand (the sandbox). Before the first `live()`."""
    global _clock  # noqa: PLW0603  one process, one clock
    _clock = clock


@cache
def live() -> Live:
    """The services of this process, made once, when the first event comes."""
    return Live(settings_from(os.environ), _clock)
