"""The front of the server: the call log, planned faults, and operations of our own."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from sshq_sandbox.aws.server import AwsServer
from tests.sandbox_aws import Account, Events, running_account

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

ONCE = Config(retries={"total_max_attempts": 1})
WORKER = "AKIASANDBOX000000002"


@pytest.fixture(scope="module")
def crashed() -> list[str]:
    return []


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory, crashed: list[str]) -> Iterator[Account]:
    for account in running_account(tmp_path_factory.mktemp("aws"), crash=crashed.append):
        account.server.callers[WORKER] = "CommandWorker"
        yield account


def test_each_call_is_recorded_with_its_caller(account: Account) -> None:
    worker = account.client("secretsmanager", WORKER)
    worker.create_secret(Name="slack", SecretString="xoxb-1")
    with pytest.raises(ClientError):
        worker.get_secret_value(SecretId="other")

    created, refused = account.server.calls.list(caller="CommandWorker")[-2:]

    assert (created.service, created.operation) == ("secretsmanager", "CreateSecret")
    assert (created.status, created.error) == (200, "")
    assert created.parameters["Name"] == "slack"
    assert created.parameters["SecretString"] == "(hidden)"
    assert (refused.operation, refused.status) == ("GetSecretValue", 404)
    assert refused.error == "ResourceNotFoundException"
    assert refused.parameters == {"SecretId": "other"}


def test_the_record_is_a_file_of_json_lines_too(account: Account, state_dir: Path) -> None:
    account.client("sts", WORKER).get_caller_identity()

    last = json.loads((state_dir / "calls.jsonl").read_text().splitlines()[-1])

    assert (last["caller"], last["operation"]) == ("CommandWorker", "GetCallerIdentity")
    assert last["region"] == "eu-west-1"
    assert last["ms"] > 0


@pytest.fixture
def state_dir(account: Account) -> Path:
    return account.server.jobs_dir.parent


def test_what_moto_lacks_is_an_answer_and_a_record(account: Account) -> None:
    sagemaker = account.client("sagemaker", config=ONCE)

    with pytest.raises(ClientError, match="moto: NotImplementedError"):
        sagemaker.stop_transform_job(TransformJobName="x")

    (call,) = account.server.calls.list(operation="StopTransformJob")
    assert (call.status, call.error) == (500, "InternalFailure")


@pytest.mark.parametrize(
    ("service", "operation", "throttled", "denied"),
    [
        ("sagemaker", "ListTrainingJobs", "ThrottlingException", "AccessDeniedException"),
        ("iam", "ListGroups", "Throttling", "AccessDenied"),
        ("s3", "ListBuckets", "SlowDown", "AccessDenied"),
        ("scheduler", "ListSchedules", "ThrottlingException", "AccessDeniedException"),
        ("cloudwatch", "ListMetrics", "ThrottlingException", "AccessDeniedException"),
        ("dynamodb", "ListTables", "ThrottlingException", "AccessDeniedException"),
    ],
)
def test_refusals_come_in_the_services_own_shape(
    account: Account,
    service: str,
    operation: str,
    throttled: str,
    denied: str,
) -> None:
    client = account.client(service, config=ONCE)
    method = getattr(client, _snake(operation))
    faults = account.server.faults
    faults.add(operation=operation, kind="throttle")
    faults.add(operation=operation, kind="denial", nth=2)
    faults.add(operation=operation, kind="5xx", nth=3)

    answers = []
    for _ in range(3):
        with pytest.raises(ClientError) as refused:
            method()
        answers.append(refused.value.response)
    faults.clear()

    assert [answer["Error"]["Code"] for answer in answers[:2]] == [throttled, denied]
    assert answers[2]["ResponseMetadata"]["HTTPStatusCode"] == 500
    method()


def test_a_timeout_before_has_no_effect_and_one_after_has(account: Account) -> None:
    sqs = account.client("sqs", config=ONCE)
    faults = account.server.faults
    faults.add(operation="CreateQueue", kind="timeout-before")
    faults.add(operation="CreateQueue", kind="timeout-after", nth=2)

    for name in ("before", "after"):
        with pytest.raises(ConnectionClosedError):
            sqs.create_queue(QueueName=name)

    (url,) = sqs.list_queues()["QueueUrls"]
    assert url.endswith("/after")
    assert [c.error for c in account.server.calls.list(operation="CreateQueue")] == ["dropped"] * 2


def test_a_crash_ends_the_caller_it_was_meant_for(account: Account, crashed: list[str]) -> None:
    account.server.faults.add(operation="CreateGroup", kind="crash-after", caller="CommandWorker")
    account.client("iam").create_group(GroupName="by-another")

    with pytest.raises(ConnectionClosedError):
        account.client("iam", WORKER, config=ONCE).create_group(GroupName="crashes")

    assert crashed == ["CommandWorker"]
    groups = account.client("iam").list_groups()["Groups"]
    assert {group["GroupName"] for group in groups} == {"by-another", "crashes"}


def test_an_operation_of_our_own_is_answered_and_recorded(account: Account) -> None:
    def register(body: dict[str, Any], headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        if "ActivationId" not in body:
            return 400, {"__type": "InvalidActivation", "message": "no activation"}
        return 200, {"InstanceId": "mi-1", "Agent": headers["user-agent"]}

    account.server.add_target("AmazonSSM.RegisterManagedInstance", register)

    assert _post(account, {"ActivationId": "a", "ActivationCode": "secret"}) == (
        200,
        {"InstanceId": "mi-1", "Agent": "test"},
    )
    assert _post(account, {}) == (
        400,
        {"__type": "InvalidActivation", "message": "no activation"},
    )
    good, bad = account.server.calls.list(operation="RegisterManagedInstance")
    assert (good.service, good.caller, good.status) == ("ssm", "anonymous", 200)
    assert good.parameters == {"ActivationId": "a", "ActivationCode": "(hidden)"}
    assert (bad.status, bad.error) == (400, "InvalidActivation")


def test_a_process_has_one_server(account: Account, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="another AwsServer"):
        AwsServer(state_dir=tmp_path, events=Events()).start()


def _post(account: Account, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(
        account.server.url,
        data=json.dumps(body).encode(),
        headers={
            "X-Amz-Target": "AmazonSSM.RegisterManagedInstance",
            "Content-Type": "application/x-amz-json-1.1",
            "User-Agent": "test",
        },
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def _snake(operation: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).lstrip("_")
