"""What `sshq-sandbox channel` does to sessions, seen by sshq-local's own state machine."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from sshq_local.ssm.channel import State
from sshq_sandbox.ssm_service import admin
from tests.integration.sandbox.ssm_service.test_data_channel import Sessions, echoed
from tests.waiting import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox_ssm import RunningSsm


@pytest.fixture
def sessions(aws: RunningSsm, node_id: str, document: str) -> Sessions:
    return Sessions(aws, node_id, document)


@pytest.fixture(autouse=True)
def _as_usual(aws: RunningSsm) -> Iterator[None]:
    yield
    usual = {"pace": "none", "dial-seconds": "0", "hold": "yes", "token-seconds": "60"}
    usual |= {"largest": str(1 << 20), "on-larger": "drop", "presigned": "no"}
    admin.act(aws.service, {"action": "set", "settings": usual})
    admin.act(aws.service, {"action": "clear"})


def act(aws: RunningSsm, action: str, **more: Any) -> None:
    admin.act(aws.service, {"action": action, **more})


@pytest.mark.parametrize("kind", ["drop", "duplicate", "reorder", "delay"])
def test_a_share_of_the_frames_meets_a_fault_and_no_byte_is_lost(
    aws: RunningSsm, sessions: Sessions, kind: str
) -> None:
    _, client = sessions.opened()
    for end in ("client", "agent"):
        act(aws, "fault", kind=kind, to=end, rate=0.2, seconds=0.01)
    before = aws.service.faults.hits
    data = os.urandom(400_000)
    assert aws.run(echoed(client, data)) == data
    assert aws.service.faults.hits > before
    assert len(admin.describe(aws.service)["faults"]) == 2, "a rate isn't used up"


def test_torn_connections_are_seen_and_the_session_goes_on(
    aws: RunningSsm, sessions: Sessions
) -> None:
    session, client = sessions.opened()
    act(aws, "tear", session=session["SessionId"])
    aws.run(client.until(lambda: client.close_code is not None))
    assert client.close_code != 1000
    again = sessions.resume(session)
    sessions.run(client.connect(again["StreamUrl"], again["TokenValue"]))
    assert aws.run(echoed(client, b"after")) == b"after"


@pytest.mark.parametrize("hold", ["yes", "no"])
def test_an_agent_that_is_away_misses_nothing(
    aws: RunningSsm, sessions: Sessions, hold: str
) -> None:
    act(aws, "set", settings={"hold": hold})
    session, client = sessions.opened()
    name = session["SessionId"]
    act(aws, "away", end="agent", seconds=3600, session=name)
    until(lambda: aws.service.described()[name]["connected"] == ["client"])
    words = b"to nobody at first"
    echo = asyncio.run_coroutine_threadsafe(echoed(client, words), aws.loop)
    act(aws, "away", end="agent", seconds=0, session=name)
    assert echo.result(PATIENCE_SECONDS) == words


def test_a_client_that_is_kept_away_is_told_so(aws: RunningSsm, sessions: Sessions) -> None:
    session, client = sessions.opened()
    act(aws, "away", end="client", seconds=3600, session=session["SessionId"])
    again = sessions.resume(session)
    aws.run(client.until(lambda: client.close_code is not None))
    with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
        aws.run(client.connect(again["StreamUrl"], again["TokenValue"]))


def test_expired_tokens_open_nothing(aws: RunningSsm, sessions: Sessions) -> None:
    session, client = sessions.start(), sessions.client()
    act(aws, "expire-tokens")
    sessions.run(client.connect(session["StreamUrl"], session["TokenValue"]))
    aws.run(client.until(lambda: client.close_code == 1008))
    again = sessions.resume(session)
    sessions.run(client.connect(again["StreamUrl"], again["TokenValue"]))
    sessions.run(client.until_open())


def test_data_is_refused_without_a_word_until_the_port_is_dialled(
    aws: RunningSsm, sessions: Sessions
) -> None:
    act(aws, "set", settings={"dial-seconds": "3600"})
    _, client = sessions.opened()
    sessions.run(client.send(b"too early"))
    assert client.channel.room < 4 << 20, "nobody acknowledges it yet"
    act(aws, "set", settings={"dial-seconds": "0"})
    aws.run(client.until(lambda: bytes(client.received) == b"too early"))


def test_the_agent_keeps_aws_s_pace(aws: RunningSsm, sessions: Sessions) -> None:
    act(aws, "set", settings={"pace": "aws"})
    _, client = sessions.opened()
    act(aws, "fault", kind="duplicate", to="client", type="output_stream_data", count=1000)
    before = aws.service.faults.hits
    data = os.urandom(20_000)
    assert aws.run(echoed(client, data)) == data
    assert aws.service.settings.agent is not None
    assert (aws.service.settings.agent.chunk, aws.service.settings.agent.pause) == (1024, 0.001)
    assert aws.service.faults.hits - before >= 20, "1024 bytes a message"


def test_large_payloads_can_be_dropped(aws: RunningSsm, sessions: Sessions) -> None:
    act(aws, "set", settings={"largest": "1024"})
    _, client = sessions.opened()
    sessions.run(client.send(b"small"))
    aws.run(client.until(lambda: bytes(client.received) == b"small"))
    sessions.run(client.send(bytes(2000)))
    assert client.channel.state is State.OPEN


def test_an_upgrade_whose_headers_are_signed_will_do(aws: RunningSsm, sessions: Sessions) -> None:
    act(aws, "set", settings={"presigned": "yes"})
    session = sessions.start()
    signed = (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261125/eu-west-1/ssmmessages/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
    )

    async def status(headers: dict[str, str]) -> int:
        async with aiohttp.ClientSession() as http:
            try:
                socket = await http.ws_connect(session["StreamUrl"], ssl=False, headers=headers)
            except aiohttp.WSServerHandshakeError as error:
                return error.status
            await socket.close()
            return 101

    assert aws.run(status({})) == 403
    assert aws.run(status({"Authorization": signed})) == 101


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"action": "dance"}, "no action 'dance'"),
        ({"action": "fault", "kind": "explode"}, "drop, duplicate, delay, reorder"),
        ({"action": "fault", "kind": "drop", "to": "moon"}, "client, agent, control"),
        ({"action": "fault", "kind": "drop", "rate": 2}, "above 0"),
        ({"action": "set", "settings": {"mood": "good"}}, "no setting 'mood'"),
        ({"action": "set", "settings": {"pace": "slow"}}, "aws, none"),
        ({"action": "away", "end": "control"}, "client, agent"),
    ],
)
def test_what_there_is_not_is_said(aws: RunningSsm, asked: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        admin.act(aws.service, asked)
