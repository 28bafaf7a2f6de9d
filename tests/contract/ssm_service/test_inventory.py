"""Nodes as boto3 sees them: discovery, status, tags, deregistration."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from sshq_sandbox.agent.identity import load_identity
from sshq_sandbox.agent.service_calls import (
    ServiceError,
    request_role_credentials,
    update_instance_information,
)
from tests.waiting import until

if TYPE_CHECKING:
    from tests.sandbox_ssm import RunningSsm


def code_of(refused: pytest.ExceptionInfo[ClientError]) -> str:
    code: str = refused.value.response["Error"]["Code"]
    return code


def ids(answer: dict[str, Any]) -> set[str]:
    return {item["InstanceId"] for item in answer["InstanceInformationList"]}


def test_each_filter_finds_its_nodes(aws: RunningSsm, ssm: Any) -> None:
    activation = aws.activate(
        RegistrationLimit=2, Tags=[{"Key": "sshq:job", "Value": "sshq-filters"}]
    )
    ours = {aws.register(activation), aws.register(activation)}
    other = aws.register(aws.activate())
    role = ssm.describe_activations(
        Filters=[{"FilterKey": "ActivationIds", "FilterValues": [activation["ActivationId"]]}]
    )["ActivationList"][0]["IamRole"]

    for key, value in (
        ("tag:sshq:job", "sshq-filters"),
        ("tag-key", "sshq:job"),
        ("ActivationIds", activation["ActivationId"]),
        ("IamRole", role),
    ):
        found = ssm.describe_instance_information(Filters=[{"Key": key, "Values": [value]}])
        assert ids(found) == ours, key

    old = ssm.describe_instance_information(
        InstanceInformationFilterList=[
            {"key": "ResourceType", "valueSet": ["ManagedInstance"]},
            {"key": "InstanceIds", "valueSet": [other]},
        ]
    )
    assert ids(old) == {other}
    assert old["InstanceInformationList"][0]["PingStatus"] == "ConnectionLost"


def test_wrong_filters_are_refused_as_aws_does(ssm: Any) -> None:
    def call(**more: Any) -> str:
        with pytest.raises(ClientError) as refused:
            ssm.describe_instance_information(**more)
        return code_of(refused)

    tag = {"Key": "tag:a", "Values": ["b"]}
    status = {"Key": "PingStatus", "Values": ["Online"]}
    assert call(Filters=[tag, status]) == "ValidationException"
    assert call(Filters=[{"Key": "Colour", "Values": ["red"]}]) == "InvalidFilterKey"
    wrong_value = [{"Key": "PingStatus", "Values": ["Asleep"]}]
    assert call(Filters=wrong_value) == "InvalidInstanceInformationFilterValue"
    assert call(MaxResults=51) == "ValidationException"
    assert (
        call(InstanceInformationFilterList=[{"key": "Colour", "valueSet": ["red"]}])
        == "ValidationException"
    )


def test_nodes_are_paged(aws: RunningSsm, ssm: Any) -> None:
    activation = aws.activate(RegistrationLimit=6)
    made = {aws.register(activation) for _ in range(6)}
    wanted = [{"Key": "ActivationIds", "Values": [activation["ActivationId"]]}]

    first = ssm.describe_instance_information(Filters=wanted, MaxResults=5)
    second = ssm.describe_instance_information(
        Filters=wanted, MaxResults=5, NextToken=first["NextToken"]
    )

    assert len(ids(first)) == 5
    assert ids(first) | ids(second) == made
    assert "NextToken" not in second


def test_status_follows_the_agent(aws: RunningSsm, ssm: Any) -> None:
    node_id = aws.register(aws.activate())
    assert ssm.get_connection_status(Target=node_id)["Status"] == "notconnected"

    aws.start_agent(node_id)

    assert ssm.get_connection_status(Target=node_id) | {"ResponseMetadata": None} == {
        "Target": node_id,
        "Status": "connected",
        "ResponseMetadata": None,
    }
    wanted = [{"Key": "InstanceIds", "Values": [node_id]}]
    aws.clock.ahead = timedelta(minutes=10)  # moved time alone doesn't lose a connected node
    (online,) = ssm.describe_instance_information(Filters=wanted)["InstanceInformationList"]
    aws.clock.ahead = timedelta()
    assert online["PingStatus"] == "Online"
    assert online["PlatformType"] in {"Linux", "MacOS"}
    assert online["AgentVersion"] == "3.3.1142.0"

    aws.stop_agent(node_id)
    (lost,) = ssm.describe_instance_information(Filters=wanted)["InstanceInformationList"]
    assert lost["PingStatus"] == "ConnectionLost"
    assert ssm.get_connection_status(Target=node_id)["Status"] == "notconnected"


def test_online_may_come_before_a_connection_and_goes_with_silence(
    aws: RunningSsm, ssm: Any
) -> None:
    node_id = aws.register(aws.activate())
    identity = load_identity(aws.folder / node_id)
    credentials = request_role_credentials(aws.aws.url, identity)
    wanted = [{"Key": "InstanceIds", "Values": [node_id]}]

    def status() -> str:
        (found,) = ssm.describe_instance_information(Filters=wanted)["InstanceInformationList"]
        return str(found["PingStatus"])

    update_instance_information(aws.aws.url, identity, credentials, {"PlatformType": "Linux"})
    assert status() == "Online"
    assert ssm.get_connection_status(Target=node_id)["Status"] == "notconnected"
    aws.clock.ahead = timedelta(minutes=10)
    try:
        assert status() == "ConnectionLost"
    finally:
        aws.clock.ahead = timedelta()

    other = load_identity(aws.folder / aws.register(aws.activate()))
    with pytest.raises(ServiceError) as refused:
        update_instance_information(aws.aws.url, other, credentials, {})
    assert refused.value.code == "AccessDeniedException"


def test_a_node_calls_aws_as_its_role(aws: RunningSsm) -> None:
    node_id = aws.register(aws.activate())
    identity = load_identity(aws.folder / node_id)

    credentials = request_role_credentials(aws.aws.url, identity)

    sts = aws.client(
        "sts",
        key=credentials.access_key_id,
        secret=credentials.secret_access_key,
        token=credentials.session_token,
    )
    arn = sts.get_caller_identity()["Arn"]
    assert ":assumed-role/node-" in arn
    assert arn.endswith(f"/{node_id}")


def test_nodes_inherit_tags_and_can_be_tagged(aws: RunningSsm, ssm: Any) -> None:
    node_id = aws.register(aws.activate(Tags=[{"Key": "SSHOwner", "Value": "AIDA"}]))
    node = {"ResourceType": "ManagedInstance", "ResourceId": node_id}
    assert ssm.list_tags_for_resource(**node)["TagList"] == [{"Key": "SSHOwner", "Value": "AIDA"}]

    ssm.add_tags_to_resource(**node, Tags=[{"Key": "sshq:job", "Value": "j"}])
    ssm.remove_tags_from_resource(**node, TagKeys=["SSHOwner", "never"])

    assert ssm.list_tags_for_resource(**node)["TagList"] == [{"Key": "sshq:job", "Value": "j"}]
    with pytest.raises(ClientError) as refused:
        ssm.add_tags_to_resource(
            ResourceType="ManagedInstance", ResourceId="mi-" + "0" * 17, Tags=[]
        )
    assert code_of(refused) == "InvalidResourceId"


def test_tags_on_other_resources_are_still_motos(aws: RunningSsm, ssm: Any) -> None:
    ssm.put_parameter(Name="/plain", Value="v", Type="String")
    parameter = {"ResourceType": "Parameter", "ResourceId": "/plain"}
    ssm.add_tags_to_resource(**parameter, Tags=[{"Key": "k", "Value": "v"}])
    assert ssm.list_tags_for_resource(**parameter)["TagList"] == [{"Key": "k", "Value": "v"}]


def test_a_deregistered_node_is_gone_at_once_and_for_good(aws: RunningSsm, ssm: Any) -> None:
    node_id = aws.register(aws.activate())
    aws.start_agent(node_id)

    ssm.deregister_managed_instance(InstanceId=node_id)

    until(lambda: not aws.service.is_connected(node_id))
    wanted = [{"Key": "InstanceIds", "Values": [node_id]}]
    assert ids(ssm.describe_instance_information(Filters=wanted)) == set()
    assert ssm.get_connection_status(Target=node_id)["Status"] == "notconnected"
    with pytest.raises(ClientError) as refused:
        ssm.deregister_managed_instance(InstanceId=node_id)
    assert code_of(refused) == "InvalidInstanceId"
