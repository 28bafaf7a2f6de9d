"""Bytes through a session: client, message service, agent and a TCP server, over real sockets."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from sshq_local.ssm.channel import State, Why
from sshq_local.ssm.settings import Settings
from sshq_sandbox.ssm_service.faults import FrameFault
from tests.sandbox_ssm import REGION, SSH_DOCUMENT, DataChannelClient
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from tests.sandbox_ssm import RunningSsm


class Sessions:
    """Starts sessions by boto3, and plays clients on the service's loop."""

    def __init__(self, aws: RunningSsm, node_id: str, document: str) -> None:
        self.aws = aws
        self.ssm = aws.client("ssm")
        self._target = {"Target": node_id, "DocumentName": document}

    def start(self, **more: str) -> dict[str, str]:
        answer: dict[str, str] = self.ssm.start_session(**(self._target | more))
        return answer

    def resume(self, session: dict[str, str]) -> dict[str, str]:
        answer: dict[str, str] = self.ssm.resume_session(SessionId=session["SessionId"])
        return answer

    def status(self, session: dict[str, str]) -> str:
        for state in ("Active", "History"):
            found = self.ssm.describe_sessions(
                State=state, Filters=[{"key": "SessionId", "value": session["SessionId"]}]
            )["Sessions"]
            if found:
                return str(found[0]["Status"])
        return "unknown"

    def client(self, settings: Settings | None = None) -> DataChannelClient:
        async def make() -> DataChannelClient:
            return DataChannelClient(str(self.aws.folder / "tls" / "ca.pem"), settings)

        return self.aws.run(make())

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        self.aws.run(work)

    def opened(self) -> tuple[dict[str, str], DataChannelClient]:
        session, client = self.start(), self.client()
        self.run(client.connect(session["StreamUrl"], session["TokenValue"]))
        self.run(client.until_open())
        return session, client


@pytest.fixture
def sessions(aws: RunningSsm, node_id: str, document: str) -> Sessions:
    return Sessions(aws, node_id, document)


async def echoed(client: DataChannelClient, data: bytes) -> bytes:
    """Send it, and what came back after what was there before."""
    before = len(client.received)
    sending = asyncio.create_task(client.send(data))
    await client.until(lambda: len(client.received) >= before + len(data))
    await sending
    return bytes(client.received[before:])


def test_bytes_go_both_ways_and_the_client_ends_it(sessions: Sessions, echo: Any) -> None:
    before, ended = echo.connections, echo.ended
    session, client = sessions.opened()
    assert sessions.status(session) == "Connected"

    data = os.urandom(3_000_000)
    assert sessions.aws.run(echoed(client, data)) == data
    assert echo.connections == before + 1

    sessions.run(client.finish())
    sessions.run(client.until(lambda: client.channel.state is State.CLOSED))
    assert client.channel.end is not None
    assert client.channel.end.why is Why.FINISHED
    until(lambda: sessions.status(session) == "Terminated")
    until(lambda: echo.ended == ended + 1)


def test_the_servers_end_is_the_sessions_end(sessions: Sessions) -> None:
    session, client = sessions.opened()
    sessions.run(client.send(b"bye\n"))
    sessions.run(client.until(lambda: client.channel.state is State.CLOSED))
    assert client.channel.end is not None
    assert (client.channel.end.why, client.channel.end.text) == (Why.FINISHED, "")
    until(lambda: sessions.status(session) == "Terminated")


def test_terminating_drops_the_connection(sessions: Sessions, echo: Any) -> None:
    session, client = sessions.opened()
    ended = echo.ended
    sessions.ssm.terminate_session(SessionId=session["SessionId"])
    sessions.run(client.until(lambda: client.channel.state is State.CLOSED))
    until(lambda: echo.ended == ended + 1)


def test_a_port_nobody_listens_on_is_told(aws: RunningSsm, sessions: Sessions) -> None:
    closed = {**SSH_DOCUMENT, "properties": {"portNumber": "1"}}
    session = sessions.start(DocumentName=aws.document(closed, "Session"))
    client = sessions.client()
    sessions.run(client.connect(session["StreamUrl"], session["TokenValue"]))
    sessions.run(client.until(lambda: client.channel.state is State.CLOSED))
    assert client.channel.end is not None
    assert client.channel.end.why is Why.FAILED
    until(lambda: sessions.status(session) == "Failed")


@pytest.mark.parametrize("hold", [True, False])
def test_a_session_is_resumed_where_it_stood(sessions: Sessions, *, hold: bool) -> None:
    sessions.aws.service.settings.hold_frames = hold
    session, client = sessions.opened()
    first, second = os.urandom(200_000), os.urandom(200_000)
    assert sessions.aws.run(echoed(client, first)) == first

    sessions.run(client.send(second))
    sessions.run(client.disconnect())
    until(lambda: sessions.status(session) == "Disconnected")
    again = sessions.resume(session)
    sessions.run(client.connect(again["StreamUrl"], again["TokenValue"]))

    wanted = len(first + second)
    sessions.run(client.until(lambda: len(client.received) >= wanted))
    assert bytes(client.received) == first + second
    assert sessions.status(session) == "Connected"
    sessions.run(client.disconnect())
    sessions.ssm.terminate_session(SessionId=session["SessionId"])


def test_the_hourly_bye_loses_nothing(sessions: Sessions) -> None:
    session, client = sessions.opened()
    sessions.aws.service.say_bye(session["SessionId"])
    sessions.run(client.until(lambda: client.close_code is not None))
    assert client.close_code == 1000
    again = sessions.resume(session)
    sessions.run(client.connect(again["StreamUrl"], again["TokenValue"]))
    assert sessions.aws.run(echoed(client, b"still here")) == b"still here"
    sessions.run(client.disconnect())
    sessions.ssm.terminate_session(SessionId=session["SessionId"])


@pytest.mark.parametrize("kind", ["drop", "duplicate", "delay"])
@pytest.mark.parametrize("to", ["client", "agent"])
def test_data_survives_faults(sessions: Sessions, kind: Any, to: Any) -> None:
    session, client = sessions.opened()
    faults = sessions.aws.service.faults
    before = faults.hits
    for skip in (0, 3, 7):
        faults.add(FrameFault(kind, to, count=2, skip=skip, seconds=0.05))

    data = os.urandom(400_000)
    assert sessions.aws.run(echoed(client, data)) == data

    assert faults.hits > before
    sessions.run(client.disconnect())
    sessions.ssm.terminate_session(SessionId=session["SessionId"])


def test_a_start_that_the_agent_never_hears_shows_as_no_handshake(sessions: Sessions) -> None:
    sessions.aws.service.faults.add(FrameFault("drop", "control", message_type="interactive_shell"))
    session, client = sessions.start(), sessions.client(Settings(handshake_timeout=0.5))
    sessions.run(client.connect(session["StreamUrl"], session["TokenValue"]))
    sessions.run(client.until(lambda: client.channel.end is not None))
    assert client.channel.end is not None
    assert client.channel.end.why is Why.NO_HANDSHAKE
    sessions.run(client.disconnect())
    sessions.ssm.terminate_session(SessionId=session["SessionId"])


def test_a_token_works_once(sessions: Sessions) -> None:
    session, client = sessions.opened()
    thief = sessions.client()
    sessions.run(thief.connect(session["StreamUrl"], session["TokenValue"]))
    sessions.run(thief.until(lambda: thief.close_code is not None))
    assert thief.close_code == 1008
    assert sessions.aws.run(echoed(client, b"mine")) == b"mine"
    sessions.run(client.disconnect())
    sessions.ssm.terminate_session(SessionId=session["SessionId"])


def test_an_idle_and_an_overlong_session_end(aws: RunningSsm, sessions: Sessions) -> None:
    for inputs, text in (
        ({"idleSessionTimeout": "1"}, "Your session timed out due to inactivity."),
        ({"maxSessionDuration": "1"}, "Your session has reached its maximum duration."),
    ):
        name = aws.document({**SSH_DOCUMENT, "inputs": inputs}, "Session")
        session, client = sessions.start(DocumentName=name), sessions.client()
        sessions.run(client.connect(session["StreamUrl"], session["TokenValue"]))
        sessions.run(client.until_open())
        aws.service.settings.seconds_per_minute = 0.001
        sessions.run(client.until(lambda client=client: client.channel.end is not None))  # type: ignore[misc]
        aws.service.settings.seconds_per_minute = 60.0
        assert client.channel.end is not None
        assert client.channel.end.text == text
        until(lambda session=session: sessions.status(session) == "Terminated")  # type: ignore[misc]


def test_presigned_urls_are_taken_and_may_be_demanded(sessions: Sessions) -> None:
    def presigned(url: str, service: str = "ssmmessages", expires: int = 300) -> str:
        request = AWSRequest("GET", url.replace("wss://", "https://"))
        signer = SigV4QueryAuth(Credentials("AKIA", "secret"), service, REGION, expires=expires)
        signer.add_auth(request)
        return str(request.url).replace("https://", "wss://")

    session, client = sessions.start(), sessions.client()
    sessions.run(client.connect(presigned(session["StreamUrl"]), session["TokenValue"]))
    sessions.run(client.until_open())
    sessions.run(client.disconnect())

    sessions.aws.service.settings.require_presigned = True
    for wrong in (
        session["StreamUrl"],
        presigned(session["StreamUrl"], service="ssm"),
        presigned(session["StreamUrl"], expires=-1),
    ):
        again = sessions.resume(session)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            sessions.run(client.connect(wrong, again["TokenValue"]))
        assert refused.value.status == 403
    again = sessions.resume(session)
    sessions.run(client.connect(presigned(again["StreamUrl"]), again["TokenValue"]))
    assert sessions.aws.run(echoed(client, b"signed")) == b"signed"
    sessions.run(client.disconnect())
    sessions.ssm.terminate_session(SessionId=session["SessionId"])


def test_deregistering_a_node_ends_its_sessions(aws: RunningSsm, echo: Any, document: str) -> None:
    node_id = aws.connected_node(ports={2222: echo.port})
    sessions = Sessions(aws, node_id, document)
    _, client = sessions.opened()
    aws.client("ssm").deregister_managed_instance(InstanceId=node_id)
    sessions.run(client.until(lambda: client.channel.end is not None))
    until(lambda: not aws.service.is_connected(node_id))
