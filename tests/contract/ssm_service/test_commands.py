"""SendCommand with a document of our own, through an agent that runs it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox_ssm import COMMAND_DOCUMENT, SSH_DOCUMENT
from tests.waiting import until

if TYPE_CHECKING:
    from tests.sandbox_ssm import RunningSsm

PENDING = {"Pending", "InProgress"}


@pytest.fixture(scope="module")
def node_id(aws: RunningSsm) -> str:
    return aws.connected_node()


@pytest.fixture(scope="module")
def document(aws: RunningSsm) -> str:
    return aws.document(COMMAND_DOCUMENT, "Command")


def ended(ssm: Any, command_id: str, node_id: str) -> dict[str, Any]:
    def invocation() -> dict[str, Any]:
        found: dict[str, Any] = ssm.get_command_invocation(CommandId=command_id, InstanceId=node_id)
        return found

    until(lambda: invocation()["Status"] not in PENDING)
    return invocation()


def send(ssm: Any, node_id: str, document: str, **parameters: str) -> str:
    command_id: str = ssm.send_command(
        InstanceIds=[node_id],
        DocumentName=document,
        Parameters={name: [value] for name, value in parameters.items()},
    )["Command"]["CommandId"]
    return command_id


def test_the_output_of_a_command_comes_back(ssm: Any, node_id: str, document: str) -> None:
    command_id = send(ssm, node_id, document, verb="say", argument="hello there")

    result = ended(ssm, command_id, node_id)

    assert (result["Status"], result["ResponseCode"]) == ("Success", 0)
    assert result["StandardOutputContent"] == "said hello there\n"
    assert result["StandardErrorContent"] == "aside\n"
    assert result["PluginName"] == "verb"
    (listed,) = ssm.list_command_invocations(CommandId=command_id, Details=True)[
        "CommandInvocations"
    ]
    assert listed["InstanceId"] == node_id
    assert listed["CommandPlugins"][0]["Output"] == "said hello there\naside\n"


def test_failure_and_time_limit_are_told(ssm: Any, node_id: str, document: str) -> None:
    failed = ended(ssm, send(ssm, node_id, document, verb="fail"), node_id)
    assert (failed["Status"], failed["ResponseCode"]) == ("Failed", 3)
    hung = ended(ssm, send(ssm, node_id, document, verb="hang", seconds="1"), node_id)
    assert (hung["Status"], hung["ResponseCode"]) == ("TimedOut", -1)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"verb": "destroy"},
        {"verb": "say", "argument": "x; reboot"},
        {"verb": "say", "more": "1"},
    ],
)
def test_parameters_are_held_to_the_document(
    ssm: Any, node_id: str, document: str, parameters: dict[str, str]
) -> None:
    with pytest.raises(ClientError) as refused:
        send(ssm, node_id, document, **parameters)
    assert refused.value.response["Error"]["Code"] == "InvalidParameters"


def test_a_node_that_is_away_takes_no_command(aws: RunningSsm, ssm: Any, document: str) -> None:
    away = aws.register(aws.activate())
    with pytest.raises(ClientError) as refused:
        send(ssm, away, document, verb="say")
    assert refused.value.response["Error"] == {
        "Code": "InvalidInstanceId",
        "Message": f"Instances [[{away}]] not in a valid state for account 123456789012",
    }


def test_a_session_document_is_no_command(aws: RunningSsm, ssm: Any, node_id: str) -> None:
    name = aws.document(SSH_DOCUMENT, "Session")
    with pytest.raises(ClientError) as refused:
        send(ssm, node_id, name)
    assert refused.value.response["Error"]["Code"] == "InvalidDocument"


def test_targets_by_tag_reach_their_nodes(
    aws: RunningSsm, ssm: Any, node_id: str, document: str
) -> None:
    ssm.add_tags_to_resource(
        ResourceType="ManagedInstance",
        ResourceId=node_id,
        Tags=[{"Key": "sshq:job", "Value": "sshq-target"}],
    )
    command = ssm.send_command(
        Targets=[{"Key": "tag:sshq:job", "Values": ["sshq-target"]}],
        DocumentName=document,
        Parameters={"verb": ["say"]},
    )["Command"]
    assert command["InstanceIds"] == [node_id]
    assert ended(ssm, command["CommandId"], node_id)["Status"] == "Success"


def test_a_node_that_vanishes_lets_the_command_time_out(
    aws: RunningSsm, ssm: Any, document: str
) -> None:
    node_id = aws.connected_node()
    # The agent hears nothing of this command.
    from sshq_sandbox.ssm_service.faults import FrameFault

    aws.service.faults.add(FrameFault("drop", "control", message_type="agent_job"))
    command_id = send(ssm, node_id, document, verb="say")
    aws.clock.ahead = timedelta(hours=2)
    try:
        result = ssm.get_command_invocation(CommandId=command_id, InstanceId=node_id)
    finally:
        aws.clock.ahead = timedelta()
    assert result["Status"] == "TimedOut"


def test_unknown_invocations_are_refused(
    aws: RunningSsm, ssm: Any, node_id: str, document: str
) -> None:
    command_id = send(ssm, node_id, document, verb="say")
    with pytest.raises(ClientError) as refused:
        ssm.get_command_invocation(CommandId=command_id, InstanceId="mi-" + "0" * 17)
    assert refused.value.response["Error"]["Code"] == "InvocationDoesNotExist"
