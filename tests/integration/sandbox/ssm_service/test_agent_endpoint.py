"""An agent that knows one address, as AWS's can be configured: Ssm, Mds and Mgs at https://host:port."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from sshq_sandbox.agent.identity import load_identity
from sshq_sandbox.agent.registration import register
from sshq_sandbox.agent.service import Agent
from sshq_sandbox.agent.settings import AgentSettings
from tests.integration.sandbox.ssm_service.test_data_channel import Sessions, echoed
from tests.sandbox_ssm import REGION
from tests.waiting import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.sandbox.ssm_service.conftest import Echo
    from tests.sandbox_ssm import RunningSsm


def test_registration_role_pings_and_sessions_need_one_address(
    aws: RunningSsm,
    echo: Echo,
    document: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ca_file = str(aws.folder / "tls" / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    aws.client("ssm").update_service_setting(
        SettingId="/ssm/managed-instance/activation-tier", SettingValue="advanced"
    )
    activation = aws.activate()
    settings = AgentSettings(
        endpoint=aws.service.url,
        state_dir=tmp_path,
        ports={2222: echo.port},
        ca_file=ca_file,
        handshake_seconds=PATIENCE_SECONDS,
    )
    node_id = register(
        settings,
        code=activation["ActivationCode"],
        activation_id=activation["ActivationId"],
        region=REGION,
    )

    async def start() -> asyncio.Task[None]:
        return asyncio.create_task(Agent(settings, load_identity(tmp_path)).run())

    agent = aws.run(start())
    try:
        until(lambda: aws.service.is_connected(node_id))
        until(lambda: _ping_status(aws, node_id) == "Online")
        _, client = Sessions(aws, node_id, document).opened()
        assert aws.run(echoed(client, b"one address")) == b"one address"
    finally:
        aws.loop.call_soon_threadsafe(agent.cancel)
        until(agent.done)


def _ping_status(aws: RunningSsm, node_id: str) -> str:
    found = aws.client("ssm").describe_instance_information(
        Filters=[{"Key": "InstanceIds", "Values": [node_id]}]
    )["InstanceInformationList"]
    return str(found[0]["PingStatus"])


async def asked(aws: RunningSsm, target: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    scope = f"AKIDEXAMPLE/20261125/{REGION}/ssm/aws4_request"
    headers = {
        "X-Amz-Target": target,
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
    }
    async with (
        aiohttp.ClientSession() as http,
        http.post(aws.service.url, data=json.dumps(body), headers=headers, ssl=False) as answer,
    ):
        return answer.status, json.loads(await answer.read())


def test_there_are_never_messages_and_a_poll_is_long(aws: RunningSsm) -> None:
    aws.service._agent_endpoint._poll_seconds = 0.05
    target = "EC2WindowsMessageDeliveryService.GetMessages"
    status, answer = aws.run(asked(aws, target, {"Destination": "mi-0"}))
    assert (status, answer["Messages"]) == (200, [])


def test_what_the_agent_asks_at_its_start_is_answered(aws: RunningSsm) -> None:
    body = {"InstanceId": "mi-0123456789abcdef0", "MaxResults": 20}
    status, answer = aws.run(asked(aws, "AmazonSSM.ListInstanceAssociations", body))
    assert (status, answer) == (200, {"Associations": []})


@pytest.mark.parametrize("target", ["", "AmazonSQS.SendMessage", "AmazonSSM"])
def test_other_calls_are_refused(aws: RunningSsm, target: str) -> None:
    assert aws.run(asked(aws, target, {}))[0] == 400
