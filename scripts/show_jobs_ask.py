"""Asking for a job: workers killed at every call, and what each verb costs in AWS calls."""

from __future__ import annotations

import logging
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch

from sshq.domain import tags
from sshq.domain.jobs import Job, JobShape, Phase
from sshq.domain.members import Member
from sshq.use_cases.dispatch import commands
from sshq_sandbox.aws.job_runner import JobRunner
from tests.core_aws import CoreAws, core_aws
from tests.core_services import ADMIN, ALICE, MemoryChat, MemoryServices
from tests.killing import KilledError, Killer, When, mortal

if TYPE_CHECKING:
    from sshq.composition import Live
    from sshq.domain.queue_message import QueueMessage

GPU = "ml.g5.xlarge"
TABLE_SIZES = (10, 10_000)
VERBS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("run", {"instance": GPU}),
    ("presets", {}),
    ("preset", {"action": "save", "preset": "gpu", "instance": GPU}),
)


def show() -> bool:
    """Print the evidence; whether all of it held."""
    with (
        tempfile.TemporaryDirectory(prefix="show-jobs-") as scratch,
        patch.multiple(JobRunner, start=lambda *_: None, stop=lambda *_: None),
        core_aws(Path(scratch)) as aws,
    ):
        account = _Account(aws)
        return all([_killed(account), _cost(account), _prices(aws)])


class _Account:
    """The sandbox's AWS with alice enrolled and set up; no container is started."""

    def __init__(self, aws: CoreAws) -> None:
        self.aws = aws
        trust = (
            '{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
            ' "Principal": {"Service": ["sagemaker.amazonaws.com", "ssm.amazonaws.com"]}}]}'
        )
        for name in (aws.settings.job_role, aws.settings.node_role):
            aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        aws.client("s3").create_bucket(
            Bucket=aws.settings.bucket,
            CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
        )
        self.live = aws.live()
        self.live.members.add(
            Member(actor=ALICE, slug="alice", added_by=ADMIN, added_at=aws.clock.now())
        )

    def with_chat(self, chat: MemoryChat) -> Live:
        """The worker's services, with a Slack that remembers."""
        vars(self.live)["chat"] = chat
        return self.live

    def jobs_of(self, request: str) -> int:
        """How many training jobs SageMaker has for a request, by its tag."""
        from moto.sagemaker.models import sagemaker_backends  # noqa: PLC0415

        jobs = sagemaker_backends[self.aws.settings.account]["eu-west-1"].training_jobs
        tag = {"Key": tags.REQUEST, "Value": request}
        return sum(tag in job.tags for job in jobs.values())


# ------------------------------------------------------------ killed at every call


def _killed(account: _Account) -> bool:
    _heading(
        "a worker killed before and after each remote call of `run`, then redelivered (real adapters)"
    )
    undisturbed = Killer()
    _deliver(account, "0", undisturbed)
    held, number = [], 0
    for nth, call in enumerate(undisturbed.calls, start=1):
        outcomes = []
        for when in When:
            number += 1
            outcomes.append(_killed_once(account, f"{number}", nth, when))
        held.append(all(jobs == messages == 1 for jobs, messages in outcomes))
        cells = "  ".join(
            f"{when}: {jobs} job, {messages} message"
            for when, (jobs, messages) in zip(When, outcomes, strict=True)
        )
        print(f"{nth:3}  {call:34} {cells}  {'ok' if held[-1] else 'NOT ok'}")
    print(f"{len(held) * 2} deaths; {sum(held) * 2} left one job and one message")
    return all(held)


def _killed_once(account: _Account, trigger: str, nth: int, when: When) -> tuple[int, int]:
    """(jobs that SageMaker has, messages that Slack has) of the request in the end."""
    chat = MemoryChat()
    try:
        _deliver(account, trigger, Killer(nth, when), chat)
    except KilledError:
        _deliver(account, trigger, Killer(), chat)
    _deliver(account, trigger, Killer(), chat)
    request = _message(trigger).request
    return account.jobs_of(request), sum(key == request for key, _ in chat.keyed)


def _deliver(
    account: _Account, trigger: str, killer: Killer, chat: MemoryChat | None = None
) -> None:
    live = account.with_chat(chat or MemoryChat())
    commands(mortal(live, killer), _message(trigger))


def _message(trigger: str) -> QueueMessage:
    return MemoryServices().message(ALICE, "run", trigger=f"killed.{trigger}", instance=GPU)


# ------------------------------------------------------------ what it costs


def _cost(account: _Account) -> bool:
    _heading("AWS calls of each verb, with so many jobs in the table")
    # The day's first run of an instance type asks for its price, the first of all for quotas, and puts
    # the scripts into S3.
    _deliver(account, "warm", Killer())
    counts: dict[str, list[Counter[str]]] = {}
    filled = 0
    for size in TABLE_SIZES:
        _fill(account, filled, size)
        filled = size
        for verb, arguments in VERBS:
            live = account.with_chat(MemoryChat())
            before = len(account.aws.calls())
            message = MemoryServices().message(
                ADMIN if verb == "preset" else ALICE, verb, trigger=f"{verb}.{size}", **arguments
            )
            commands(cast("Any", live), message)
            made = account.aws.calls()[before:]
            counts.setdefault(verb, []).append(Counter(call.operation for call in made))
    held = []
    for verb, (few, many) in counts.items():
        held.append(many == few)
        print(f"{verb:8} {sum(few.values()):3} and {sum(many.values()):3}  ", end="")
        print(", ".join(f"{name} {count}" for name, count in sorted(many.items())))
    print(f"(first figure: {TABLE_SIZES[0]} jobs, second: {TABLE_SIZES[1]})")
    return all(held)


def _fill(account: _Account, have: int, want: int) -> None:
    """Ended jobs straight into the table."""
    from sshq.adapters.dynamodb.jobs import new_item  # noqa: PLC0415
    from sshq.adapters.dynamodb.table import _serialised  # noqa: PLC0415

    client, now = account.aws.client("dynamodb"), account.aws.clock.now()
    shape = JobShape(instance=GPU, image="x/y:1", hours=1)
    jobs = [
        Job(
            name=f"sshq-old-job-{number}",
            owner=ALICE,
            request="0" * 64,
            shape=shape,
            prefix="jobs/x",
            phase=Phase.COMPLETED,
            created_at=now,
            phase_since=now,
            cap_seconds=1,
            deadline=now,
            ended_at=now,
            settled=True,
        )
        for number in range(have, want)
    ]
    for first in range(0, len(jobs), 25):
        batch = [
            {"PutRequest": {"Item": _serialised(new_item(job))}} for job in jobs[first : first + 25]
        ]
        client.batch_write_item(RequestItems={account.aws.settings.table: batch})


# ------------------------------------------------------------ in which currency


def _prices(aws: CoreAws) -> bool:
    _heading(f"what {GPU} costs an hour: by AWS's price list, and while it was never heard")
    held = []
    for partition, region, listed, silent in (
        ("aws", "eu-west-1", "$1.57", "$2.12"),
        ("aws-cn", "cn-north-1", "¥1.57", "unknown"),
    ):
        table = aws.make_table(f"prices-{partition}", region)
        live = aws.live(table=table, region=region, partition=partition)
        before = len(aws.calls())
        aws.fault("GetProducts", "denial")
        logging.disable(logging.WARNING)  # the fault is ours
        told = [_hourly(live), _hourly(live)]
        logging.disable(logging.NOTSET)
        asked = [c.region for c in aws.calls()[before:] if c.operation == "GetProducts"]
        held.append(told == [silent, listed])
        print(
            f"{region:11} asked in {asked[-1]:14} listed {told[1]}  silent {told[0]:8}"
            f" {'ok' if held[-1] else 'NOT ok'}"
        )
    return all(held)


def _hourly(live: Live) -> str:
    price = live.prices.hourly(GPU)
    return live.settings.currency.show(price.micros) if price else "unknown"


def _heading(text: str) -> None:
    print(f"\n== {text}", flush=True)
