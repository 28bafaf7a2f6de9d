"""Sessions by API: who may start one, what it is told, how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox_ssm import COMMAND_DOCUMENT, SSH_DOCUMENT
from tests.waiting import until

if TYPE_CHECKING:
    from tests.sandbox_ssm import RunningSsm


def refusal(call: Any, **more: Any) -> dict[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**more)
    error: dict[str, str] = refused.value.response["Error"]
    return error


def active(ssm: Any, key: str, value: str, state: str = "Active") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ssm.describe_sessions(
        State=state, Filters=[{"key": key, "value": value}]
    )["Sessions"]
    return found


def test_hybrid_nodes_need_the_advanced_tier(aws: RunningSsm, ssm: Any) -> None:
    node_id = aws.connected_node()
    ssm.reset_service_setting(SettingId="/ssm/managed-instance/activation-tier")
    assert refusal(ssm.start_session, Target=node_id, DocumentName="AWS-StartSSHSession") == {
        "Code": "BadRequest",
        "Message": "Enable advanced-instances tier to use Session Manager "
        "with your on-premises instances",
    }


def test_a_session_lives_and_is_terminated(aws: RunningSsm, ssm: Any) -> None:
    node_id = aws.connected_node()
    name = aws.document({**SSH_DOCUMENT, "inputs": {"maxSessionDuration": "1440"}}, "Session")

    started = ssm.start_session(Target=node_id, DocumentName=name, Reason="a test")

    session_id = started["SessionId"]
    assert started["StreamUrl"].startswith(
        f"wss://127.0.0.1:{aws.service.port}/v1/data-channel/{session_id}"
        "?role=publish_subscribe&cell-number="
    )
    assert 0 < len(started["TokenValue"]) <= 300
    (found,) = active(ssm, "SessionId", session_id)
    assert found["Target"] == node_id
    assert found["Reason"] == "a test"
    assert found["DocumentName"] == name
    assert found["MaxSessionDuration"] == "1440"
    assert [each["SessionId"] for each in active(ssm, "Target", node_id)] == [session_id]
    assert session_id in {each["SessionId"] for each in active(ssm, "Owner", found["Owner"])}

    resumed = ssm.resume_session(SessionId=session_id)
    assert resumed["SessionId"] == session_id
    assert resumed["TokenValue"] != started["TokenValue"]

    assert ssm.terminate_session(SessionId=session_id)["SessionId"] == session_id
    assert ssm.terminate_session(SessionId=session_id)["SessionId"] == session_id
    assert active(ssm, "SessionId", session_id) == []
    (past,) = active(ssm, "SessionId", session_id, "History")
    assert past["Status"] == "Terminated"
    assert past["EndDate"] >= past["StartDate"]

    def resume_is_refused() -> bool:
        try:
            ssm.resume_session(SessionId=session_id)
        except ClientError as error:
            return bool(error.response["Error"]["Code"] == "DoesNotExistException")
        return False

    until(resume_is_refused)


def test_a_node_that_is_away_or_unknown_is_not_connected(aws: RunningSsm, ssm: Any) -> None:
    aws.connected_node()
    away = aws.register(aws.activate())
    for target in (away, "mi-" + "0" * 17):
        assert refusal(ssm.start_session, Target=target, DocumentName="AWS-StartSSHSession") == {
            "Code": "TargetNotConnected",
            "Message": f"{target} is not connected.",
        }


def test_wrong_documents_and_parameters_are_refused(aws: RunningSsm, ssm: Any) -> None:
    node_id = aws.connected_node()
    command = aws.document(COMMAND_DOCUMENT, "Command")
    start = ssm.start_session
    assert refusal(start, Target=node_id, DocumentName="Nope")["Code"] == "InvalidDocument"
    wrong_kind = refusal(start, Target=node_id, DocumentName=command)
    assert wrong_kind["Code"] == "InvalidDocument"
    assert "Document type: 'Command' is not supported" in wrong_kind["Message"]
    for parameters in ({"portNumber": ["99999"]}, {"other": ["1"]}, {"portNumber": ["1", "2"]}):
        error = refusal(
            start, Target=node_id, DocumentName="AWS-StartSSHSession", Parameters=parameters
        )
        assert error["Code"] == "InvalidParameters"


def test_unknown_sessions_cannot_be_resumed_or_terminated(ssm: Any) -> None:
    for call in (ssm.resume_session, ssm.terminate_session):
        assert refusal(call, SessionId="nobody-1")["Code"] == "DoesNotExistException"


def test_the_built_in_document_can_be_read(ssm: Any) -> None:
    document = ssm.get_document(Name="AWS-StartSSHSession")
    assert document["DocumentType"] == "Session"
    assert '"sessionType": "Port"' in document["Content"]
