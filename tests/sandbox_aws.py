"""What tests of the sandbox's AWS share: a server, clients, and a job that can be watched."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3

from sshq_sandbox.aws.server import AwsServer
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

REGION = "eu-west-1"
KEY_ID = "AKIASANDBOX000000001"
TRUST_SAGEMAKER = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


class Events:
    """An EventSink that can be waited on."""

    def __init__(self) -> None:
        self._details: list[dict[str, Any]] = []
        self._changed = threading.Condition()

    def put(self, *, source: str, detail_type: str, detail: Mapping[str, Any]) -> None:
        assert (source, detail_type) == ("aws.sagemaker", "SageMaker Training Job State Change")
        with self._changed:
            self._details.append(json.loads(json.dumps(detail)))
            self._changed.notify_all()

    def of(self, job: str) -> list[dict[str, Any]]:
        with self._changed:
            return [detail for detail in self._details if detail["TrainingJobName"] == job]

    def wait(self, job: str, secondary_status: str) -> dict[str, Any]:
        """The event that tells of the secondary status."""

        def found() -> dict[str, Any] | None:
            matching = (d for d in self.of(job) if d["SecondaryStatus"] == secondary_status)
            return next(matching, None)

        with self._changed:
            assert self._changed.wait_for(found, PATIENCE_SECONDS), (secondary_status, self.of(job))
        event = found()
        assert event is not None
        return event


class Account:
    """An AWS account on a running server, with a job role and a bucket."""

    def __init__(self, server: AwsServer, events: Events) -> None:
        self.server = server
        self.events = events
        iam = self.client("iam")
        role = iam.create_role(
            RoleName="job-role", AssumeRolePolicyDocument=json.dumps(TRUST_SAGEMAKER)
        )
        self.role_arn = role["Role"]["Arn"]
        self.client("s3").create_bucket(
            Bucket="jobs", CreateBucketConfiguration={"LocationConstraint": REGION}
        )

    def client(self, service: str, key_id: str = KEY_ID, **options: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.server.url,
            region_name=REGION,
            aws_access_key_id=key_id,
            aws_secret_access_key="anything",
            **options,
        )

    def run(self, name: str, script: str, **changes: Any) -> None:
        """CreateTrainingJob with a start-up script in the input channel "sshq"."""
        self.client("s3").put_object(
            Bucket="jobs", Key=f"jobs/{name}/start.sh", Body=script.encode()
        )
        self.client("sagemaker").create_training_job(**self.request(name, **changes))

    def request(self, name: str, **changes: Any) -> dict[str, Any]:
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://jobs/jobs/{name}/"}
        request = {
            "TrainingJobName": name,
            "RoleArn": self.role_arn,
            "AlgorithmSpecification": {
                "TrainingImage": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/pytorch:2",
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["/bin/sh", "/opt/ml/input/data/sshq/start.sh"],
            },
            "InputDataConfig": [
                {"ChannelName": "sshq", "DataSource": {"S3DataSource": source}},
            ],
            "OutputDataConfig": {"S3OutputPath": "s3://jobs/output/"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 10,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
            "Environment": {"GREETING": "hello"},
            "Tags": [{"Key": "sshq:owner", "Value": "T1/U1"}],
        }
        return request | changes

    def log_lines(self, job: str, host: str = "algo-1") -> list[str]:
        """What CloudWatch Logs has, seen through logStreamNamePrefix."""
        logs = self.client("logs")
        try:
            found = logs.filter_log_events(
                logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{job}/{host}-"
            )
        except logs.exceptions.ResourceNotFoundException:
            return []  # no job has said a word yet
        return [event["message"] for event in found["events"]]


def running_account(
    state_dir: Path, crash: Callable[[str], None] | None = None, **options: Any
) -> Iterator[Account]:
    """A server that ends with the fixture."""
    events = Events()
    options = options | ({"crash": crash} if crash else {})
    server = AwsServer(state_dir=state_dir, events=events, **options)
    server.start()
    try:
        yield Account(server, events)
    finally:
        server.stop()


open_account = contextmanager(running_account)
