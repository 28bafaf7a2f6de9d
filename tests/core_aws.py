"""sshq's own composition on the sandbox's AWS: real adapters, real boto3, real HTTP."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from sshq import composition
from sshq.adapters.dynamodb.jobs import new_item
from sshq.composition import Live
from sshq_sandbox.lambda_host.intrinsics import parse_yaml
from tests.core_services import SETTINGS
from tests.sandbox_ssm import REGION, RunningSsm, running_ssm
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sshq.domain.jobs import Job
    from sshq_sandbox.aws.calls import RecordedCall

TEMPLATE = Path(__file__).resolve().parents[1] / "template.yaml"
TABLE = "sshq-table"
CALLER = "bot"
KEY_ID = "ASIASANDBOX000000BOT"
# The sandbox's SSM goes by the real time (an activation can't expire in its past), so the bot must, too.
NOW = datetime.now(UTC).replace(microsecond=0)


def put_job(live: Live, job: Job) -> Job:
    """A job that is there, without anything set aside for it."""
    live._table.put(new_item(job))
    return job


class FixedClock:
    """The time of the tests; a sleep passes at once and is written down."""

    def __init__(self) -> None:
        self.time = NOW
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def monotonic(self) -> float:
        return self.time.timestamp() + sum(self.slept)


class CoreAws:
    """An AWS account with the stack's table, queue, CA key and secret, and the bot's services."""

    def __init__(self, ssm: RunningSsm) -> None:
        self.ssm = ssm
        self.clock = FixedClock()
        self.server = ssm.aws
        self.server.callers[KEY_ID] = CALLER
        made = parse_yaml(TEMPLATE.read_text(encoding="utf-8"))["Resources"]
        self._table = made["Table"]["Properties"]
        self.make_table(TABLE)
        key = made["SshCaKey"]["Properties"]
        ca = self.client("kms").create_key(KeySpec=key["KeySpec"], KeyUsage=key["KeyUsage"])
        queue = self.client("sqs").create_queue(
            QueueName="sshq-commands.fifo", Attributes={"FifoQueue": "true"}
        )
        secret = self.client("secretsmanager").create_secret(
            Name="sshq/slack",
            SecretString='{"signing_secret": "the-signing-secret", "bot_token": "xoxb-the-token"}',
        )
        self.settings = SETTINGS.model_copy(
            update={
                "table": TABLE,
                "ssh_ca_key_ids": ca["KeyMetadata"]["Arn"],
                "commands_queue_url": queue["QueueUrl"],
                "slack_secret_arn": secret["ARN"],
            }
        )

    def make_table(self, name: str, region: str = REGION) -> str:
        """Another table like the stack's, for a test that wants an empty one."""
        names = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
        self.client("dynamodb", region).create_table(
            TableName=name, **{part: self._table[part] for part in names}
        )
        return name

    def live(self, **changes: Any) -> Live:
        """The services as a cold start makes them."""
        return Live(self.settings.model_copy(update=changes), self.clock)

    def client(self, service: str, region: str = REGION) -> Any:
        """The test's own client; its calls aren't the bot's in the call log."""
        return boto3.client(
            service,
            endpoint_url=self.server.url,
            region_name=region,
            aws_access_key_id="B" * 20,
            aws_secret_access_key="secret",
        )

    def calls(self) -> list[RecordedCall]:
        """What the bot has called so far."""
        return self.server.calls.list(caller=CALLER)

    def fault(self, operation: str, kind: str, **more: Any) -> None:
        """The bot's next call of an operation goes wrong."""
        self.server.faults.add(operation=operation, kind=kind, caller=CALLER, **more)


class RoleComesLate(FixedClock):
    """While somebody waits for the second time, the services come to know a role."""

    def __init__(self, aws: CoreAws, name: str, trust: dict[str, Any]) -> None:
        super().__init__()
        self.role = f"arn:aws:iam::123456789012:role/{name}"
        self._iam = aws.client("iam")
        self._trust = json.dumps(trust)

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if len(self.slept) == 2:
            name = self.role.rpartition("/")[2]
            self._iam.create_role(RoleName=name, AssumeRolePolicyDocument=self._trust)


@contextmanager
def core_aws(folder: Path) -> Iterator[CoreAws]:
    """A running account. The bot's clients find it as in a Lambda: by the environment.

    They wait for it as long as a busy machine needs: a call that is given up is made again, and a
    second one may find its own effect.
    """
    with running_ssm(folder) as ssm, pytest.MonkeyPatch.context() as environment:
        environment.setattr(composition, "_READ_SECONDS", PATIENCE_SECONDS)
        environment.setenv("AWS_ENDPOINT_URL", ssm.aws.url)
        environment.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
        environment.setenv("AWS_SECRET_ACCESS_KEY", "the-secret-key")
        environment.setenv("AWS_SESSION_TOKEN", "the-session-token")
        yield CoreAws(ssm)
