"""From a ticket to an SSM session, beside the old helper's way to one: `make bench`.

Both ways make real calls to the sandbox's AWS, and every call waits for what AWS takes on top of
that (LATENCY, the same for both). The old way is the sequence of sagemaker-ssh-helper's
sm-local-start-ssh: find the node among all, make a key, upload it, SendCommand, sleep, poll, start.
It gets off lightly: botocore alone stands for the AWS CLI, nothing for SageMaker's SDK.
"""

from __future__ import annotations

import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.broker_on_aws import Broker
from tests.core_api import Laptop
from tests.core_aws import CoreAws, core_aws
from tests.sandbox_ssm import COMMAND_DOCUMENT, REGION, SSH_DOCUMENT

if TYPE_CHECKING:
    from collections.abc import Callable

LATENCY = {"dynamodb": 0.005, "kms": 0.015, "s3": 0.03, "ssm": 0.06}
"""Seconds that a call waits besides: what AWS's services take from within their region, roughly."""

SLEEP_SECONDS = 5.0
POLL_SECONDS = 1.0
TIMES = 7
CALLS = "ticket -> session, warm (AWS calls)"
MOST_CALLS = 5
BUCKET = "the-old-helpers-bucket"


def main() -> int:
    """Print the figures, add them to build/bench.json; 1 if the goal is missed."""
    logging.disable(logging.WARNING)  # the functions' own log
    figures = measure()
    for name, value in figures.items():
        print(f"{name:<52} {value:10.3f}")
    report = Path("build/bench.json")
    report.parent.mkdir(exist_ok=True)
    known = json.loads(report.read_text()) if report.exists() else {}
    report.write_text(json.dumps(known | figures, indent=1) + "\n")
    held = figures[CALLS] <= MOST_CALLS and figures["new way / old way"] <= 0.1
    return 0 if held else 1


def measure(times: int = TIMES) -> dict[str, float]:
    """Medians in seconds, and numbers of calls."""
    with tempfile.TemporaryDirectory(prefix="sshq-bench-") as folder, core_aws(Path(folder)) as aws:
        broker = Broker(aws, _wait)
        laptop, code = Laptop(broker.live), broker.ticket()
        before = len(aws.calls())
        answer = broker.connect(laptop, code)
        if not answer["session"]["token"]:
            raise RuntimeError("the lease came without its first session")
        connecting = broker.calls_since(before)
        before = len(aws.calls())
        broker.open(laptop, answer["id"])
        opening = broker.calls_since(before)
        codes = [broker.ticket() for _ in range(times)]
        asked = statistics.median(_seconds(lambda c=c: _new(broker, c)) for c in codes)  # type: ignore[misc]
        # `connect` and ssh's ProxyCommand: two processes of the client's.
        started = 2 * statistics.median(_seconds(_start_client) for _ in range(times))
        old_way = _OldWay(aws, broker.node)
        old = _seconds(old_way.connect)
        print(f"ticket to session: {', '.join(connecting)}")
        print(f"another session:   {', '.join(opening)}")
        print(f"old: {', '.join(old_way.calls)}, sleep {SLEEP_SECONDS:g}")
    return {
        CALLS: len(connecting),
        "another session, warm (AWS calls)": len(opening),
        "ticket -> session: the request, warm (s)": asked,
        "  and the client's two processes (s)": started,
        "old helper's way to a session (s)": old,
        "new way / old way": (asked + started) / old,
    }


def _start_client() -> None:
    subprocess.run([sys.executable, "-m", "sshq_local", "version"], check=True, capture_output=True)


def _new(broker: Broker, code: str) -> None:
    broker.connect(Laptop(broker.live), code)


class _OldWay:
    """One connection as the old helper makes it, for a user with AWS keys.

    Each AWS call is a process of its own, as its `aws …` are. botocore's import alone stands for
    the AWS CLI's start, and nothing for the Python process that imports SageMaker's SDK.
    """

    def __init__(self, aws: CoreAws, node: str) -> None:
        self._url = aws.server.url
        self._folder = aws.ssm.folder
        self._node = node
        self._command = aws.ssm.document(COMMAND_DOCUMENT, "Command")
        self._document = aws.ssm.document(SSH_DOCUMENT, "Session")
        aws.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        self.calls: list[str] = []

    def connect(self) -> None:
        """describe, keygen, upload, SendCommand, sleep, polls, start-session."""
        for node in self._aws("ssm", "describe_instance_information")["InstanceInformationList"]:
            # It asks every node of the account for its tags.
            self._aws(
                "ssm",
                "list_tags_for_resource",
                ResourceType="ManagedInstance",
                ResourceId=node["InstanceId"],
            )
        key = self._folder / "old-key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        self._aws("s3", "put_object", Bucket=BUCKET, Key="key.pub", Body="the public key")
        sent = self._aws(
            "ssm",
            "send_command",
            InstanceIds=[self._node],
            DocumentName=self._command,
            Parameters={"verb": ["say"], "argument": ["key"]},
        )["Command"]["CommandId"]
        time.sleep(SLEEP_SECONDS)
        while self._status(sent) in {"Pending", "InProgress", "Delayed"}:
            time.sleep(POLL_SECONDS)
        self._aws("ssm", "start_session", Target=self._node, DocumentName=self._document)

    def _status(self, command: str) -> str:
        found = self._aws("ssm", "get_command_invocation", CommandId=command, InstanceId=self._node)
        return str(found["Status"])

    def _aws(self, service: str, call: str, **parameters: Any) -> dict[str, Any]:
        self.calls.append(call)
        order = [self._url, service, call, str(LATENCY[service]), json.dumps(parameters)]
        done = subprocess.run(
            [sys.executable, "-c", _ONE_CALL, *order], check=True, capture_output=True, text=True
        )
        found: dict[str, Any] = json.loads(done.stdout)
        return found


_ONE_CALL = """
import json, sys, time
import botocore.session
url, service, call, latency, parameters = sys.argv[1:]
session = botocore.session.get_session()
session.set_credentials("O" * 20, "secret")
client = session.create_client(service, region_name="eu-west-1", endpoint_url=url)
time.sleep(float(latency))
print(json.dumps(getattr(client, call)(**json.loads(parameters)), default=str))
"""


def _wait(event_name: str, **_: Any) -> None:
    time.sleep(LATENCY[event_name.split(".")[1]])


def _seconds(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
