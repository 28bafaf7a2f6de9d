"""Canaries: planted secrets go where they are needed, and are in no log and in no row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sshq.adapters import sqs_worker
from sshq.domain import tickets
from sshq.domain.access import RedeemBody
from sshq.domain.jobs import Node, Phase
from sshq.domain.keys import key_fingerprint
from sshq.domain.members import Member
from sshq.domain.setup_plan import plan
from sshq.domain.signatures import NONCE_LIFE, Nonce
from sshq.ports import SessionAccess
from sshq.use_cases import lease_requests
from sshq.use_cases.redeem import redeem
from tests.core_aws import TABLE, core_aws
from tests.core_services import ADMIN, ALICE, MemoryChat, MemoryServices, MemoryTrainingJobs
from tests.function_logs import captured_logs
from tests.lambda_functions import Context, load, payload

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

    from sshq.composition import Live
    from sshq.domain.identity import Actor
    from tests.core_aws import CoreAws

ENV_VALUE = "canary-of-an-environment-value"
BOT_TOKEN = "xoxb-the-token"
SIGNING_SECRET = "the-signing-secret"
SESSION_TOKEN = "canary-of-a-session-token"
STREAM_URL = "wss://canary.example/?X-Amz-Signature=canary-of-a-signature"


class Story:
    """What happened to a job, told through the functions, with what was secret in it."""

    def __init__(self, aws: CoreAws, log: io.StringIO) -> None:
        self.aws = aws
        self.log = log
        self.secrets: dict[str, str] = {}
        self.live = aws.live()
        self.chat = MemoryChat()
        self.training_jobs = MemoryTrainingJobs()
        # The job's container and Slack aren't what is looked at here.
        vars(self.live).update(chat=self.chat, training_jobs=self.training_jobs)

    def items(self) -> str:
        """All that is in the table."""
        pages = boto3.client(
            "dynamodb",
            endpoint_url=self.aws.server.url,
            region_name="eu-west-1",
            aws_access_key_id="B" * 20,
            aws_secret_access_key="secret",
        ).get_paginator("scan")
        return json.dumps([page["Items"] for page in pages.paginate(TableName=TABLE)])


class _Sessions:
    def start(self, node: str, *, reason: str) -> SessionAccess:
        return SessionAccess(id="s-1", stream_url=STREAM_URL, token=SESSION_TOKEN)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """setup → run → ready → connect → redeem → session; a run that is held; failures at several places."""
    with (
        core_aws(tmp_path_factory.mktemp("canary")) as aws,
        captured_logs() as log,
        pytest.MonkeyPatch.context() as patch,
    ):
        told = Story(aws, log)
        live = told.live
        patch.setattr(sqs_worker, "live", lambda: live)
        _set_up(aws, live)
        live.members.add(
            Member(actor=ALICE, slug="alice", added_by=ADMIN, added_at=aws.clock.now())
        )
        _run(told)
        _connect(told)
        _redeem(told)
        _hold(told)
        _fail(told, patch)
        told.secrets |= {
            "an environment value": ENV_VALUE,
            "the bot's token": live.slack_secret.bot_token.get_secret_value(),
            "the signing secret": live.slack_secret.signing_secret.get_secret_value(),
            "a session's token": SESSION_TOKEN,
            "a stream URL": "canary-of-a-signature",
        }
        yield told


def _set_up(aws: CoreAws, live: Live) -> None:
    nothing = json.dumps({"Version": "2012-10-17", "Statement": []})
    allowed = json.loads(nothing) | {
        "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]
    }
    for name in ("sshq-boundary", "sshq-client"):
        aws.client("iam").create_policy(PolicyName=name, PolicyDocument=json.dumps(allowed))
    for change in plan(live.settings.names, live.account.read()).changes:
        live.account.apply(change)


def _deliver(
    told: Story,
    verb: str,
    trigger: str,
    *,
    to: str = "command_worker",
    by: Actor = ALICE,
    **arguments: Any,
) -> dict[str, Any]:
    record = payload("sqs/commands.json")["Records"][0]
    gateway = MemoryServices()
    gateway.clock.time = told.live.clock.now()
    message = gateway.message(by, verb, trigger=trigger, **arguments)
    record["body"] = message.model_dump_json()
    answer: dict[str, Any] = load(to).lambda_handler({"Records": [record]}, Context())
    return answer


def _run(told: Story) -> None:
    assert _deliver(told, "run", "1.1", env={"TOKEN": ENV_VALUE})["batchItemFailures"] == []
    (job,) = told.live.jobs.open_jobs()
    file = told.aws.client("s3").get_object(
        Bucket=told.live.settings.bucket, Key=f"{job.prefix}/job.json"
    )["Body"]
    facts = json.load(file)
    assert facts["env"] == {"TOKEN": ENV_VALUE}
    # Whoever may describe the job sees what SageMaker was asked for.
    assert job.name in told.training_jobs.created
    assert ENV_VALUE not in str(told.training_jobs.created)
    told.secrets["the activation's code"] = facts["activation"]["code"]
    ready = {
        "phase": Phase.READY,
        "nodes": (Node(rank=0, id="mi-1", host_keys=("ssh-ed25519 A",)),),
    }
    told.live.jobs.change(job.name, lambda stored: stored.model_copy(update=ready))


def _connect(told: Story) -> None:
    assert _deliver(told, "connect", "2.2")["batchItemFailures"] == []
    shown = str(told.chat.said[-1][1].blocks)
    told.secrets["the ticket's code"] = shown.split("api.test/")[1][:32]


def _redeem(told: Story) -> None:
    live = told.live
    public = Ed25519PrivateKey.generate().public_key()
    key = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    body = RedeemBody(ticket=told.secrets["the ticket's code"], public_key=key)
    until = live.clock.now() + NONCE_LIFE
    nonces = (Nonce(key_fingerprint(key), f"nonce-{n}", until) for n in range(2))
    answer = redeem(live, body, nonce=next(nonces), source="192.0.2.1")
    vars(live)["sessions"] = _Sessions()
    stored = live.leases.get(answer.id)
    assert stored is not None
    lease, job = lease_requests.live_lease(live, stored)
    opened = lease_requests.open_session(live, lease, job, 0, nonce=next(nonces))
    assert opened.token == SESSION_TOKEN


def _hold(told: Story) -> None:
    """A run that waits for an admin still when all is looked at."""
    with pytest.MonkeyPatch.context() as patch:
        careful = told.live.settings.model_copy(update={"approval_above": 0.000001})
        patch.setattr(told.live, "settings", careful)
        answer = _deliver(told, "run", "2.9", env={"TOKEN": ENV_VALUE}, name="held")
    assert answer["batchItemFailures"] == []
    (held,) = told.live.approvals.waiting()
    kept = told.live.startup_files.get(held.prefix, "held.json")
    assert kept is not None
    assert json.loads(kept) == {"TOKEN": ENV_VALUE}


def _fail(told: Story, patch: pytest.MonkeyPatch) -> None:
    """A refusal, a bug in the middle, and a message whose arguments don't fit."""
    told.training_jobs.error = RuntimeError("SageMaker is gone")
    assert _deliver(told, "run", "3.3", env={"TOKEN": ENV_VALUE})["batchItemFailures"]
    assert _deliver(told, "run", "4.4", env={"TOKEN": ENV_VALUE}, count=99)["batchItemFailures"]
    given_up = _deliver(told, "run", "3.3", to="dead_letters", env={"TOKEN": ENV_VALUE})
    assert given_up["batchItemFailures"] == []
    patch.setattr(told.live, "chat", None)
    assert _deliver(told, "connect", "5.5")["batchItemFailures"]


SECRETS = [
    "an environment value",
    "the activation's code",
    "the ticket's code",
    "the bot's token",
    "the signing secret",
    "a session's token",
    "a stream URL",
]


@pytest.mark.parametrize("what", SECRETS)
def test_it_is_in_no_log(story: Story, what: str) -> None:
    logged = story.log.getvalue()

    assert "will be delivered again" in logged
    assert "submitted" in logged
    assert story.secrets[what] not in logged


@pytest.mark.parametrize("what", SECRETS)
def test_it_is_in_no_row(story: Story, what: str) -> None:
    items = story.items()

    assert "JOB#" in items
    assert story.secrets[what] not in items


def test_of_a_ticket_the_table_has_the_digest(story: Story) -> None:
    code = story.secrets["the ticket's code"]

    assert f"TICKET#{tickets.fingerprint(code)}" in story.items()


def test_the_activations_code_was_shown_to_nobody(story: Story) -> None:
    said = story.chat.everything()

    assert story.secrets["the activation's code"] not in said
    assert ENV_VALUE not in said
    # The ticket was: once, to its owner.
    assert said.count(story.secrets["the ticket's code"]) >= 1


def test_a_held_environment_goes_from_the_bucket_when_it_is_decided(story: Story) -> None:
    (held,) = story.live.approvals.waiting()
    vars(story.live)["chat"] = story.chat
    told = _deliver(story, "decline", "6.6", by=ADMIN, id=held.id)

    assert told["batchItemFailures"] == []
    left = story.aws.client("s3").list_objects_v2(
        Bucket=story.live.settings.bucket, Prefix=held.prefix
    )
    assert left["KeyCount"] == 0
    assert story.live.approvals.waiting() == []
