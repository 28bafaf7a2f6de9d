"""Activations and registration as boto3 and an agent meet them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from sshq_sandbox.agent.service_calls import ServiceError
from sshq_sandbox.ssm_service.state import utc_now

if TYPE_CHECKING:
    from tests.sandbox_ssm import RunningSsm


def described(ssm: Any, activation: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ssm.describe_activations(
        Filters=[{"FilterKey": "ActivationIds", "FilterValues": [activation["ActivationId"]]}]
    )["ActivationList"]
    return found


def test_an_activation_is_described_as_it_was_made(aws: RunningSsm, ssm: Any) -> None:
    expires = utc_now().replace(microsecond=0) + timedelta(hours=2)
    activation = aws.activate(
        Description="for a job",
        DefaultInstanceName="sshq-job",
        RegistrationLimit=3,
        ExpirationDate=expires,
        Tags=[{"Key": "SSHOwner", "Value": "AIDA"}],
    )

    (found,) = described(ssm, activation)

    assert found["RegistrationLimit"] == 3
    assert found["RegistrationsCount"] == 0
    assert found["Expired"] is False
    assert found["ExpirationDate"] == expires
    assert found["Description"] == "for a job"
    assert found["DefaultInstanceName"] == "sshq-job"
    assert found["Tags"] == [{"Key": "SSHOwner", "Value": "AIDA"}]
    assert "ActivationCode" not in found
    assert 20 <= len(activation["ActivationCode"]) <= 250


def test_the_role_must_exist_and_trust_ssm(aws: RunningSsm, ssm: Any) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    aws.client("iam").create_role(
        RoleName="for-sagemaker", AssumeRolePolicyDocument=json.dumps(trust)
    )
    for role in ("for-sagemaker", "nobody"):
        with pytest.raises(ClientError) as refused:
            ssm.create_activation(IamRole=role)
        assert refused.value.response["Error"] == {
            "Code": "ValidationException",
            "Message": "Nonexistent role or missing ssm service principal in trust policy: "
            f"arn:aws:iam::123456789012:role/{role}",
        }


@pytest.mark.parametrize(
    "wrong",
    [
        {"RegistrationLimit": 1001},
        {"Description": "x" * 257},
        {"Tags": [{"Key": "aws:mine", "Value": ""}]},
        {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]},
        {"Tags": [{"Key": "a", "Value": "what?"}]},
        {"ExpirationDate": utc_now() - timedelta(hours=1)},
        {"ExpirationDate": utc_now() + timedelta(days=31)},
    ],
)
def test_what_aws_refuses_is_refused(aws: RunningSsm, wrong: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as refused:
        aws.activate(**wrong)
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_activations_are_paged(aws: RunningSsm, ssm: Any) -> None:
    made = {aws.activate()["ActivationId"] for _ in range(3)}
    pages = list(
        ssm.get_paginator("describe_activations").paginate(PaginationConfig={"PageSize": 2})
    )
    found = [item["ActivationId"] for page in pages for item in page["ActivationList"]]
    assert made <= set(found)
    assert len(found) == len(set(found))
    assert all(len(page["ActivationList"]) <= 2 for page in pages)

    with pytest.raises(ClientError) as refused:
        ssm.describe_activations(NextToken="nonsense")
    assert refused.value.response["Error"]["Code"] == "InvalidNextToken"


def test_registrations_are_counted_up_to_the_limit(aws: RunningSsm, ssm: Any) -> None:
    activation = aws.activate(RegistrationLimit=2)

    first, second = aws.register(activation), aws.register(activation)

    assert first != second
    assert described(ssm, activation)[0]["RegistrationsCount"] == 2
    with pytest.raises(ServiceError) as refused:
        aws.register(activation)
    assert refused.value.code == "InvalidActivation"


def test_a_wrong_code_and_an_expired_activation_register_nothing(aws: RunningSsm) -> None:
    activation = aws.activate()
    with pytest.raises(ServiceError) as refused:
        aws.register({**activation, "ActivationCode": "x" * 20})
    assert refused.value.code == "InvalidActivation"

    aws.clock.ahead = timedelta(hours=25)
    try:
        assert described(aws.client("ssm"), activation)[0]["Expired"] is True
        with pytest.raises(ServiceError) as expired:
            aws.register(activation)
    finally:
        aws.clock.ahead = timedelta()
    assert str(expired.value) == "InvalidActivation: Activation expired."


def test_a_deleted_activation_is_gone_but_its_nodes_stay(aws: RunningSsm, ssm: Any) -> None:
    activation = aws.activate(RegistrationLimit=2)
    node_id = aws.register(activation)

    ssm.delete_activation(ActivationId=activation["ActivationId"])

    assert described(ssm, activation) == []
    with pytest.raises(ServiceError):
        aws.register(activation)
    listed = ssm.list_tags_for_resource(ResourceType="ManagedInstance", ResourceId=node_id)
    assert listed["TagList"] == []
    with pytest.raises(ClientError) as refused:
        ssm.delete_activation(ActivationId=activation["ActivationId"])
    assert refused.value.response["Error"]["Code"] == "InvalidActivation"
