"""Data in the team's own buckets, and jobs in its networks: what the stack names, and nothing else."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.conftest import submit_job

if TYPE_CHECKING:
    from tests.e2e.conftest import Sandbox

ML = '"${SSHQ_HOME%/sshq}"'


@pytest.fixture(scope="module")
def s3(sandbox: Sandbox) -> Any:
    client = sandbox.aws("s3")
    for bucket in ("team-data", "team-results"):
        place = {"LocationConstraint": "eu-west-1"}
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    client.put_object(Bucket="team-data", Key="sets/cats/1.csv", Body=b"felis,9\n")
    return client


def request_of(sandbox: Sandbox, job: str) -> dict[str, Any]:
    calls = (call["parameters"] for call in sandbox.calls("CreateTrainingJob"))
    request: dict[str, Any]
    (request,) = [asked for asked in calls if asked["TrainingJobName"] == job]
    return request


def test_a_job_reads_its_input_and_its_result_lies_where_it_was_told_to(
    sandbox: Sandbox, s3: Any
) -> None:
    command = f"cp {ML}/input/data/cats/1.csv {ML}/model/"
    name = submit_job(
        sandbox,
        options="--name data --input cats=s3://team-data/sets/cats --output s3://team-results/runs "
        f"--command '{command}'",
    )
    sandbox.eventually(lambda: f"`{name}`: completed" in sandbox.inbox("alice"), "its end")

    found = s3.get_object(Bucket="team-results", Key=f"runs/{name}/output/model.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(found["Body"].read())) as archive:
        (file,) = [archive.extractfile(member) for member in archive.getmembers()]
        assert file
        assert file.read() == b"felis,9\n"


@pytest.mark.parametrize(
    ("options", "parameter"),
    [
        ("--input x=s3://team-data/other", "InputLocations"),
        ("--source s3://somebody-elses/code.tar.gz", "InputLocations"),
        ("--output s3://team-data/sets", "OutputLocations"),
        ("--vpc attic", "Vpcs"),
    ],
)
def test_what_the_stack_doesnt_name_is_refused_at_once(
    sandbox: Sandbox, options: str, parameter: str
) -> None:
    before = len(sandbox.calls("CreateTrainingJob"))

    assert parameter in sandbox.slash("alice", f"run {options}")
    assert len(sandbox.calls("CreateTrainingJob")) == before


def test_input_that_isnt_there_fails_with_a_next_step(sandbox: Sandbox, s3: Any) -> None:
    assert s3
    name = submit_job(sandbox, options="--name nodata --input dogs=s3://team-data/sets/dogs")

    sandbox.eventually(lambda: f"`{name}`: failed" in sandbox.inbox("alice"), "its end")
    assert "Check that something lies at each address" in sandbox.inbox("alice")


def test_a_job_in_a_network_is_submitted_with_it_and_its_role_may_join_no_other(
    sandbox: Sandbox,
) -> None:
    request = request_of(sandbox, submit_job(sandbox, options="--name lab --vpc lab"))
    assert request["VpcConfig"] == {
        "Subnets": ["subnet-1a", "subnet-2b"],
        "SecurityGroupIds": ["sg-3c"],
    }

    iam = sandbox.aws("iam")
    role = request["RoleArn"].rpartition("/")[2]
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    text = json.dumps(document)
    assert "subnet/subnet-1a" in text
    assert "arn:aws:s3:::team-data/sets/*" in text
    sandbox.slash("alice", f"stop {request['TrainingJobName']}")
