"""The audit's chain in the table: many writers, lost answers, throttling, tampering."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from boto3.dynamodb.types import TypeSerializer

from sshq.adapters.dynamodb.items import to_item
from sshq.domain.audit import Fault, Finding, Link, appended, verify
from sshq.use_cases.auditing import export
from tests.core_services import ALICE
from tests.security.template import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from sshq.composition import Live
    from tests.core_aws import CoreAws

WRITERS, EACH = 6, 8


@pytest.fixture
def table(aws: CoreAws, request: pytest.FixtureRequest) -> str:
    """A table of each test's own: a chain is one."""
    return aws.make_table(f"audit-{abs(hash(request.node.name))}")


@pytest.fixture
def live(aws: CoreAws, table: str) -> Live:
    return aws.live(table=table)


def written(live: Live) -> list[str]:
    found = verify(live.audit.entries(), first=Link(), head=live.audit.head())
    assert found.findings == ()
    return [entry.event for entry in live.audit.entries() if entry]


def test_many_writers_at_once_make_one_chain_though_dynamodb_throttles(
    aws: CoreAws, table: str
) -> None:
    """Each a Lambda of its own: its own clients, its own idea of where the chain ends."""
    barrier = threading.Barrier(WRITERS)
    lives = [aws.live(table=table) for _ in range(WRITERS)]
    for live in lives:
        live.audit.head()
    aws.fault("TransactWriteItems", "throttle", nth=3, times=12)

    def write(writer: int) -> None:
        barrier.wait()
        for number in range(EACH):
            lives[writer].audit.record(f"{writer}.{number}", actor=ALICE)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))

    events = written(lives[0])
    assert sorted(events) == sorted(f"{w}.{n}" for w in range(WRITERS) for n in range(EACH))
    for writer in range(WRITERS):
        own = [event for event in events if event.startswith(f"{writer}.")]
        assert own == [f"{writer}.{number}" for number in range(EACH)]


@pytest.mark.parametrize("kind", ["throttle", "5xx", "timeout-after"])
def test_a_record_whose_answer_was_lost_is_there_once(aws: CoreAws, live: Live, kind: str) -> None:
    live.audit.record("before", actor=ALICE)
    aws.fault("TransactWriteItems", kind)
    live.audit.record("lost", actor=None)
    live.audit.record("after", actor=ALICE)

    assert written(live) == ["before", "lost", "after"]


def test_a_record_tells_the_request_and_what_aws_was_made_to_do(aws: CoreAws, live: Live) -> None:
    aws.client("s3").create_bucket(
        Bucket=live.settings.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    live.audit.begin("request-1")
    live.startup_files.put("jobs/x", {"a": b"b"})
    live.training_jobs.describe("sshq-none")
    live.audit.record("submitted", actor=ALICE, job="sshq-x")
    live.audit.record("ready", actor=ALICE, job="sshq-x")

    first, second = (entry for entry in live.audit.entries() if entry)
    (call,) = first.aws
    assert call.startswith("s3:PutObject ")
    assert len(call.split()[1]) > 8
    assert (first.request, second.request, second.aws) == ("request-1", "request-1", ())


@pytest.mark.parametrize(
    ("tamper", "finding"),
    [
        ("flip", Finding(Fault.ALTERED, 3)),
        ("delete", Finding(Fault.MISSING, 3)),
        ("delete-last", Finding(Fault.MISSING, 5)),
        ("swap", Finding(Fault.ALTERED, 3)),
    ],
)
def test_whoever_changes_the_table_is_found(
    aws: CoreAws, live: Live, table: str, tamper: str, finding: Finding
) -> None:
    for number in range(1, 6):
        live.audit.record(f"event-{number}", actor=ALICE, job=f"sshq-{number}")
    client = aws.client("dynamodb")

    def key(seq: int) -> dict[str, Any]:
        return {"pk": {"S": "AUDIT"}, "sk": {"S": f"{seq:012d}"}}

    def item(seq: int) -> dict[str, Any]:
        found: dict[str, Any] = client.get_item(TableName=table, Key=key(seq))["Item"]
        return found

    three, four = item(3), item(4)
    if tamper == "flip":
        three["facts"]["M"]["job"]["S"] = "sshq-2"
        client.put_item(TableName=table, Item=three)
    elif tamper == "swap":
        client.put_item(TableName=table, Item=three | key(4))
        client.put_item(TableName=table, Item=four | key(3))
    else:
        client.delete_item(TableName=table, Key=key(3 if tamper == "delete" else 5))

    found = verify(live.audit.entries(), first=Link(), head=live.audit.head())
    assert finding in found.findings


def test_the_script_holds_the_table_to_what_was_exported(
    aws: CoreAws, live: Live, table: str, tmp_path: Path
) -> None:
    """Whoever rewrites the whole chain leaves no fault in it; the export tells."""
    for number in range(1, 4):
        live.audit.record(f"event-{number}", actor=ALICE, note="line\u2028\n")
    client, today = aws.client("s3"), live.clock.now().date()
    client.create_bucket(
        Bucket=f"exports-{table}", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    exporting = aws.live(table=table, bucket=f"exports-{table}")
    assert export(exporting, [today]) == 3
    key = f"audit/{today}/audit.jsonl"
    body = client.get_object(Bucket=f"exports-{table}", Key=key)["Body"].read()
    file = tmp_path / "audit.jsonl"
    file.write_bytes(body)

    def script() -> tuple[int, str]:
        words = (sys.executable, str(ROOT / "scripts/verify_audit.py"), "--table", table, str(file))
        region = os.environ | {"AWS_DEFAULT_REGION": live.settings.region}
        done = subprocess.run(words, env=region, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    code, said = script()
    assert code == 0, said
    assert said.count("3 records, intact") == 2

    forged = [entry for entry in live.audit.entries() if entry]
    link = Link()
    for entry in forged:
        lie = appended(link, entry.model_copy(update={"who": "T0001/U0BOB"}))
        link = Link(lie.seq, lie.digest)
        item = TypeSerializer().serialize(to_item(lie, "AUDIT", f"{lie.seq:012d}"))["M"]
        aws.client("dynamodb").put_item(TableName=table, Item=item)
    head = {"pk": "AUDIT-HEAD", "sk": "HEAD", "schema": 1, "seq": link.seq, "digest": link.digest}
    item = TypeSerializer().serialize(head)["M"]
    aws.client("dynamodb").put_item(TableName=table, Item=item)

    code, said = script()
    assert code == 1
    assert f"{table}: 3 records, intact" in said
    assert said.count("the table says another thing than the export") == 3


def test_a_cut_off_end_is_missed_for_ever_and_not_written_over(
    aws: CoreAws, live: Live, table: str
) -> None:
    for number in range(1, 4):
        live.audit.record(f"event-{number}", actor=ALICE)
    last = {"pk": {"S": "AUDIT"}, "sk": {"S": f"{3:012d}"}}
    aws.client("dynamodb").delete_item(TableName=table, Key=last)

    # Another function, which reads where the chain ends.
    aws.live(table=table).audit.record("next", actor=ALICE)

    found = verify(live.audit.entries(), first=Link(), head=live.audit.head())
    assert found.findings == (Finding(Fault.MISSING, 3),)
