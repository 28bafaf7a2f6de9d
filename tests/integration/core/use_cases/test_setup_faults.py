"""Setup with a fault at every single call: what was done, what wasn't and what to do is told.

The account is real (adapters, boto3, HTTP); people and Slack are in memory. A fault lasts until it is
lifted, so that boto3's own tries don't hide it. SSHQ_FAULT_TABLE names a file for the table.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import botocore.endpoint
import pytest

from sshq.adapters.account import AwsAccount
from sshq.domain.jobs import Message
from sshq.domain.setup_plan import plan
from sshq.use_cases.dispatch import provisioning
from tests.core_aws import CoreAws, core_aws
from tests.core_services import ADMIN, MemoryServices

if TYPE_CHECKING:
    from collections.abc import Iterator


SHOWN = Message(channel="D-U0ADMIN", ts="1.000")
TIER = "/ssm/managed-instance/activation-tier"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}],
}
CHANGES = 7


class DiedError(BaseException):
    """The function's process ends here: nothing catches it, nothing is told."""


@dataclass(frozen=True)
class Row:
    """What came of one fault, and of going on once it was over."""

    operation: str
    kind: str
    outcome: str
    done: int
    stopped: int
    not_done: int
    finished_after: bool


class Account:
    """The account, with a stack's names of its own for each run."""

    def __init__(self, aws: CoreAws) -> None:
        self.aws = aws
        self.runs = 0
        iam = aws.client("iam")
        self.arns = [
            iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(POLICY))["Policy"]["Arn"]
            for name in ("boundary", "client")
        ]
        self.live = aws.live()
        self.clients = {name: self.live._client(name) for name in ("iam", "ssm", "s3")}
        self.ssm = aws.client("ssm")
        self.operations = self._operations()

    def fresh(self) -> MemoryServices:
        """An account where nothing is set up, as the provisioner sees it."""
        self.runs += 1
        n = self.runs
        changes = {
            "boundary_arn": self.arns[0],
            "client_policy_arn": self.arns[1],
            "bucket": f"sshq-faults-{n}",
            "job_role": f"job-role-{n}",
            "node_role": f"node-role-{n}",
            "group": f"group-{n}",
            "session_document": f"session-{n}",
            "command_document": f"command-{n}",
            "agent_version": "",
        }
        self.ssm.reset_service_setting(SettingId=TIER)
        services = MemoryServices(settings=self.aws.settings.model_copy(update=changes))
        account: Any = AwsAccount(
            **self.clients, agent_mirror=self.live.agent_mirror, names=services.settings.names
        )
        services.account = account
        return services

    def run(self, operation: str, kind: str) -> Row:
        """Plan; confirm with the fault in force; lift it; go on."""
        services = self.fresh()
        order(services, "setup", "1")
        (digest,) = services.plans.all
        if kind.startswith("crash"):
            outcome = self._crash(services, digest, operation, kind)
        else:
            self.aws.fault(operation, kind, times=1 if kind == "denial" else 1000)
            order(services, "setup-apply", "2", digest=digest)
            outcome = "told" if digest in services.plans.all else "done all the same"
        told = last(services)
        self.aws.server.faults.clear()
        if outcome == "told":
            order(services, "setup-apply", "3", digest=digest)
        left = plan(services.settings.names, services.account.read()).changes
        ended = last(services)
        return Row(
            operation,
            kind,
            outcome,
            done=told.count(":white_check_mark:"),
            stopped=told.count(":x:"),
            not_done=told.count(":white_circle:"),
            finished_after=left == () and ("Setup is done" in ended or "as it should be" in ended),
        )

    def _crash(self, services: MemoryServices, digest: str, operation: str, kind: str) -> str:
        def die(**_: Any) -> None:
            raise DiedError

        when = "before-call" if kind == "crash-before" else "after-call"
        for client in self.clients.values():
            service = client.meta.service_model.service_id.hyphenize()
            client.meta.events.register_first(f"{when}.{service}.{operation}", die, "die")
        with pytest.raises(DiedError):
            order(services, "setup-apply", "2", digest=digest)
        for client in self.clients.values():
            service = client.meta.service_model.service_id.hyphenize()
            client.meta.events.unregister(f"{when}.{service}.{operation}", unique_id="die")
        # The queue delivers the same message again.
        order(services, "setup-apply", "2", digest=digest)
        return "died, redelivered"

    def _operations(self) -> list[str]:
        """Every call between Confirm and the report, in the order of the first of each."""
        services = self.fresh()
        order(services, "setup", "1")
        (digest,) = services.plans.all
        before = len(self.aws.calls())
        order(services, "setup-apply", "2", digest=digest)
        return list(dict.fromkeys(call.operation for call in self.aws.calls()[before:]))


def order(services: MemoryServices, verb: str, trigger: str, **arguments: Any) -> None:
    shown = SHOWN if arguments else None
    message = services.message(ADMIN, verb, trigger=trigger, shown=shown, **arguments)
    provisioning(services, message)


def last(services: MemoryServices) -> str:
    view = services.chat.said[-1][1]
    return f"{view.text} {view.blocks}"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    with (
        core_aws(tmp_path_factory.mktemp("faults")) as aws,
        pytest.MonkeyPatch.context() as patch,
    ):
        # boto3 would sleep between its tries.
        no_sleep = SimpleNamespace(sleep=lambda _: None, time=time.time)
        patch.setattr(botocore.endpoint, "time", no_sleep)
        yield Account(aws)


def written(rows: list[Row]) -> None:
    if path := os.environ.get("SSHQ_FAULT_TABLE"):
        with Path(path).open("a", encoding="utf-8") as table:
            table.writelines(json.dumps(vars(row)) + "\n" for row in rows)


# All of them go through all calls for `make show-setup`; the suite takes one of each sort.
TOLD = ["denial", "throttle", "5xx", "timeout-before", "timeout-after"]
CRASHES = ["crash-before", "crash-after"]
if "SSHQ_FAULT_TABLE" not in os.environ:
    TOLD, CRASHES = ["denial"], ["crash-after"]


@pytest.mark.parametrize("kind", TOLD)
def test_a_fault_at_any_call_is_told_in_full_and_gone_on_with(account: Account, kind: str) -> None:
    rows = [account.run(operation, kind) for operation in account.operations]
    written(rows)

    assert len(rows) >= 25
    assert [row for row in rows if not row.finished_after] == []
    stopped = [row for row in rows if row.stopped]
    assert stopped
    for row in stopped:
        assert row.done + row.stopped + row.not_done == CHANGES, row


@pytest.mark.parametrize("kind", CRASHES)
def test_a_crash_at_any_call_is_finished_by_the_redelivery(account: Account, kind: str) -> None:
    rows = [account.run(operation, kind) for operation in account.operations]
    written(rows)

    assert [row for row in rows if not row.finished_after] == []
