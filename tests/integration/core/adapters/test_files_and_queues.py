"""The job's folder in the bucket, the queues, and Slack's secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from sshq.adapters.queues import SqsQueue
from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from sshq.composition import Live
    from tests.core_aws import CoreAws

PREFIX = "jobs/" + "ab" * 20
FAULTS = ["throttle", "5xx", "timeout-before", "timeout-after"]


@pytest.fixture(scope="module", autouse=True)
def _bucket(aws: CoreAws) -> None:
    aws.client("s3").create_bucket(
        Bucket=aws.settings.bucket,
        CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
    )


def keys(aws: CoreAws, prefix: str) -> set[str]:
    found = aws.client("s3").list_objects_v2(Bucket=aws.settings.bucket, Prefix=prefix)
    return {entry["Key"] for entry in found.get("Contents", [])}


@pytest.mark.parametrize("kind", ["none", *FAULTS])
def test_the_folder_has_its_files_and_then_none(aws: CoreAws, live: Live, kind: str) -> None:
    prefix = f"{PREFIX}{kind}"
    if kind != "none":
        aws.fault("PutObject", kind)
        aws.fault("DeleteObjects", kind)

    live.startup_files.put(prefix, {"start.sh": b"a", "job.json": b"b"})
    stored = aws.client("s3").get_object(Bucket=aws.settings.bucket, Key=f"{prefix}/start.sh")
    assert stored["Body"].read() == b"a"
    assert keys(aws, prefix) == {f"{prefix}/start.sh", f"{prefix}/job.json"}
    assert live.startup_files.uri(prefix) == f"s3://{aws.settings.bucket}/{prefix}/"

    live.startup_files.delete(prefix)
    assert keys(aws, prefix) == set()
    live.startup_files.delete(prefix)


def test_a_folder_whose_name_begins_alike_is_left_alone(aws: CoreAws, live: Live) -> None:
    live.startup_files.put(f"{PREFIX}1", {"a": b""})
    live.startup_files.put(f"{PREFIX}12", {"a": b""})

    live.startup_files.delete(f"{PREFIX}1")

    assert keys(aws, f"{PREFIX}12/") == {f"{PREFIX}12/a"}


def test_shared_files_are_written_once(aws: CoreAws, live: Live) -> None:
    files = {"a": b"1", "SHA256SUMS": b"2"}
    live.startup_files.put_shared("container/0f", files)
    aws.client("s3").put_object(Bucket=aws.settings.bucket, Key="container/0f/a", Body=b"as it was")
    live.startup_files.put_shared("container/0f", files)
    live.startup_files.put_shared("container/0e", files)

    s3 = aws.client("s3")
    body = s3.get_object(Bucket=aws.settings.bucket, Key="container/0f/a")["Body"].read()
    assert body == b"as it was"
    found = s3.list_objects_v2(Bucket=aws.settings.bucket, Prefix="container/0e/")["Contents"]
    assert {entry["Key"] for entry in found} == {"container/0e/a", "container/0e/SHA256SUMS"}


def test_a_file_that_stays_is_an_error(aws: CoreAws, live: Live) -> None:
    """S3 answers 200 and names in the body what it couldn't delete: an activation code, say."""
    live.startup_files.put(f"{PREFIX}locked", {"job.json": b""})

    class Locked:
        def __getattr__(self, name: str) -> object:
            return getattr(aws.client("s3"), name)

        def delete_objects(self, **_request: object) -> object:
            return {"Errors": [{"Key": "jobs/x/job.json", "Code": "AccessDenied"}]}

    from sshq.adapters.startup_files import S3StartupFiles

    files = S3StartupFiles(Locked(), bucket=aws.settings.bucket, account=aws.settings.account)
    with pytest.raises(RuntimeError, match="AccessDenied"):
        files.delete(f"{PREFIX}locked")


def test_without_a_bucket_setup_is_what_is_missing(aws: CoreAws) -> None:
    live = aws.live(bucket="sshq-no-such-bucket")

    with pytest.raises(Refusal) as refused:
        live.startup_files.put(PREFIX, {"a": b""})

    assert refused.value.reason is Reason.NOT_SET_UP
    assert "sshq-no-such-bucket" in refused.value.facts["missing"]
    live.startup_files.delete(PREFIX)


@pytest.mark.parametrize("kind", ["none", *FAULTS])
def test_a_message_is_queued_once(aws: CoreAws, live: Live, kind: str) -> None:
    if kind != "none":
        aws.fault("SendMessage", kind)

    live.commands_queue.send(f"body {kind}", group="T-U", deduplication=f"request-{kind}")
    live.commands_queue.send(f"body {kind}", group="T-U", deduplication=f"request-{kind}")

    sqs = aws.client("sqs")
    found = sqs.receive_message(
        QueueUrl=aws.settings.commands_queue_url,
        MaxNumberOfMessages=10,
        MessageSystemAttributeNames=["All"],
    ).get("Messages", [])
    assert [message["Body"] for message in found] == [f"body {kind}"]
    assert found[0]["Attributes"]["MessageGroupId"] == "T-U"
    assert found[0]["Attributes"]["MessageDeduplicationId"] == f"request-{kind}"
    for message in found:
        sqs.delete_message(
            QueueUrl=aws.settings.commands_queue_url, ReceiptHandle=message["ReceiptHandle"]
        )


def test_what_is_brought_back_is_delivered_again_in_its_order(aws: CoreAws, live: Live) -> None:
    def receive() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = sqs.receive_message(
            QueueUrl=aws.settings.commands_queue_url, MaxNumberOfMessages=10
        ).get("Messages", [])
        return found

    sqs = aws.client("sqs")
    for number in (1, 2):
        live.commands_queue.send(f"late {number}", group="T-V", deduplication=f"late-{number}")
    received = receive()
    assert receive() == []

    receipts = [each["ReceiptHandle"] for each in received]
    queue = aws.settings.commands_queue_url.rpartition("/")[2]
    live.redelivery.bring_back(receipts, queue=queue, seconds=0)

    again = receive()
    assert [each["Body"] for each in again] == ["late 1", "late 2"]
    for each in again:
        sqs.delete_message(
            QueueUrl=aws.settings.commands_queue_url, ReceiptHandle=each["ReceiptHandle"]
        )


def test_a_queue_that_isnt_there_is_no_success(aws: CoreAws, live: Live) -> None:
    assert isinstance(live.commands_queue, SqsQueue)
    missing = aws.live(commands_queue_url=f"{aws.server.url}/123456789012/none.fifo")

    with pytest.raises(Exception, match="NonExistentQueue"):
        missing.commands_queue.send("body", group="g", deduplication="d")


def test_slacks_secret_is_read_and_never_shown(aws: CoreAws, live: Live) -> None:
    secret = live.slack_secret

    assert secret.signing_secret.get_secret_value() == "the-signing-secret"
    assert secret.bot_token.get_secret_value() == "xoxb-the-token"
    assert "xoxb-the-token" not in f"{secret!r} {secret} {secret.model_dump_json()}"


def test_a_secret_that_nobody_filled_in_is_an_error_without_its_content(aws: CoreAws) -> None:
    made = aws.client("secretsmanager").create_secret(
        Name="half", SecretString='{"bot_token": "xoxb-half-filled"}'
    )

    with pytest.raises(ValidationError) as raised:
        _ = aws.live(slack_secret_arn=made["ARN"]).slack_secret

    assert "xoxb-half-filled" not in str(raised.value)
