"""The client's state machine: its way from handshake to end, and that no byte is lost on it."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sshq_local.ssm.channel import Channel, State, Why
from sshq_local.ssm.frames import (
    Flag,
    MessageType,
    PayloadType,
    channel_closed,
    decode,
    flag,
    handshake_request,
)
from sshq_local.ssm.reliable import WINDOW
from sshq_local.ssm.settings import SessionAccess, Settings
from tests.unit.local_client.ssm.agent import EPOCH, Agent, numbered_ids, service_message


def channel(*, chunk: int = 32 * 1024, window: int = WINDOW, smallest_chunk: int = 1024) -> Channel:
    settings = Settings(chunk=chunk, window=window, smallest_chunk=smallest_chunk)
    return Channel(settings, new_id=numbered_ids(), epoch=EPOCH)


def deadline_of(client: Channel) -> float:
    """The client's next timer; infinity when it has none."""
    return math.inf if client.deadline is None else client.deadline


def why(client: Channel) -> Why | None:
    return None if client.end is None else client.end.why


def exchange(client: Channel, agent: Agent, now: float = 0.0) -> bytes:
    """Carry all messages until both sides are quiet; the data that came out."""
    data = b""
    while True:
        up, down = client.take_messages(), agent.take()
        if not up and not down:
            return data
        for message in up:
            agent.on_client(message, now)
        for answer in down:
            client.receive(answer, now)
        data += b"".join(client.take_data())


def opened(agent: Agent, *, chunk: int = 32 * 1024, window: int = WINDOW) -> Channel:
    client = channel(chunk=chunk, window=window)
    client.on_connected("token", 0.0)
    exchange(client, agent)
    assert client.state is State.OPEN
    return client


def test_the_way_from_the_token_to_the_end() -> None:
    agent = Agent()
    client = channel()
    client.on_connected("token-1", 0.0)
    assert exchange(client, agent) == b""
    assert agent.tokens == ["token-1"]
    assert agent.response is not None
    assert agent.response["Errors"] is None
    client.send(b"SSH-2.0-client\r\n", 1.0)
    agent.send(b"SSH-2.0-server\r\n", 1.0)
    assert exchange(client, agent, 1.0) == b"SSH-2.0-server\r\n"
    assert agent.received == b"SSH-2.0-client\r\n"
    client.finish(2.0)
    assert client.state is State.ENDING
    exchange(client, agent, 2.0)
    assert agent.terminated
    assert client.end is not None
    assert client.end.why is Why.FINISHED
    assert client.deadline is None


def test_data_is_held_until_the_handshake_is_complete() -> None:
    agent = Agent()
    client = channel(window=100)
    client.send(b"early ", 0.0)
    client.on_connected("t", 0.0)
    client.send(b"bird", 0.0)
    assert client.room == 90
    exchange(client, agent)
    assert agent.received == b"early bird"
    assert client.room == 100


def test_data_goes_in_chunks() -> None:
    agent = Agent()
    client = opened(agent, chunk=4)
    client.send(b"0123456789", 0.0)
    sizes = [len(decode(m).payload) for m in client.take_messages() if isinstance(m, bytes)]
    assert sizes == [4, 4, 2]


def test_an_agent_that_is_not_ready_gets_the_data_again_soon() -> None:
    agent = Agent()
    client = opened(agent)
    agent.accepts = False
    client.send(b"banner", 1.0)
    exchange(client, agent, 1.0)
    agent.accepts = True
    assert client.deadline == pytest.approx(1.02)
    client.tick(1.01)
    assert client.take_messages() == []
    client.tick(1.02)
    exchange(client, agent, 1.02)
    assert agent.received == b"banner"
    assert client.deadline is None


def test_the_window_stops_stdin() -> None:
    agent = Agent()
    client = opened(agent, window=10)
    client.send(b"0123456789", 0.0)
    assert client.room == 0
    exchange(client, agent)
    assert client.room == 10


def test_no_handshake_request_within_five_seconds() -> None:
    client = channel()
    client.on_connected("t", 100.0)
    client.send(b"held", 100.0)
    assert client.deadline == 105.0
    client.tick(104.9)
    assert why(client) is None
    client.tick(105.0)
    assert why(client) is Why.NO_HANDSHAKE
    assert client.take_held() == b"held", "the fresh session takes it over"
    assert client.take_held() == b""
    assert client.room == 0
    client.on_connected("u", 106.0)
    client.receive(service_message(MessageType.CHANNEL_CLOSED, b"{}"), 106.0)
    client.send(b"late", 106.0)
    client.finish(106.0)
    assert why(client) is Why.NO_HANDSHAKE, "the first reason stays"


def test_a_handshake_that_is_never_completed() -> None:
    agent = Agent()
    client = channel()
    client.on_connected("t", 0.0)
    for message in client.take_messages():
        agent.on_client(message, 0.0)
    for answer in agent.take():
        client.receive(answer, 1.0)
    assert client.state is State.HANDSHAKE
    client.on_connection_lost()
    assert client.deadline is None
    client.on_connected("u", 60.0)
    while deadline_of(client) < 75.0:
        client.tick(deadline_of(client))
    client.tick(75.0)
    assert client.end is not None
    assert client.end.why is Why.NO_HANDSHAKE


def kms_request() -> bytes:
    actions = [
        {"ActionType": "KMSEncryption", "ActionParameters": {"KMSKeyID": "key"}},
        {"ActionType": "SessionType", "ActionParameters": {"SessionType": "Port"}},
    ]
    return json.dumps({"AgentVersion": "3", "RequestedClientActions": actions}).encode()


@pytest.mark.parametrize(
    ("request_payload", "says"),
    [
        (kms_request(), "KMS encryption"),
        (
            handshake_request("3", session_type="Standard_Stream", properties={}),
            "type 'Standard_Stream'",
        ),
        (
            handshake_request("3", session_type="Port", properties={"type": "LocalPortForwarding"}),
            "forwards a local port",
        ),
        (b'{"RequestedClientActions":[{"ActionType":"Dance"}]}', "'Dance'"),
    ],
)
def test_what_we_do_not_do_is_refused_in_a_sentence(request_payload: bytes, says: str) -> None:
    agent = Agent(request=request_payload)
    client = channel()
    client.on_connected("t", 0.0)
    exchange(client, agent)
    assert client.end is not None
    assert client.end.why is Why.REFUSED
    assert says in client.end.text
    assert agent.response is not None
    assert agent.response["Errors"], "the agent is told as well"


def test_port_properties_may_be_missing() -> None:
    payload = (
        b'{"RequestedClientActions":[{"ActionType":"SessionType",'
        b'"ActionParameters":{"SessionType":"Port"}}]}'
    )
    agent = Agent(request=payload)
    opened(agent)


@pytest.mark.parametrize(
    ("output", "why"), [("Your session was ended.", Why.FAILED), ("", Why.FINISHED)]
)
def test_channel_closed_ends_it_with_its_message(output: str, why: Why) -> None:
    agent = Agent()
    client = opened(agent)
    agent.send(b"last words", 1.0)
    (last,) = agent.take()
    client.receive(last, 1.0)
    payload = channel_closed("s", message_id=bytes(16), created_date="", output=output)
    client.receive(service_message(MessageType.CHANNEL_CLOSED, payload), 1.0)
    assert client.end is not None
    assert (client.end.why, client.end.text) == (why, output)
    assert client.take_data() == [b"last words"], "what came before is delivered"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (Flag.CONNECT_TO_PORT_ERROR, Why.FAILED),
        (Flag.DISCONNECT_TO_PORT, Why.FINISHED),
        (Flag.TERMINATE_SESSION, Why.FINISHED),
    ],
)
def test_the_agent_s_flags_end_it_and_nothing_comes_after(value: Flag, why: Why) -> None:
    agent = Agent()
    client = opened(agent)
    agent.send_payload(flag(value), PayloadType.FLAG, 1.0)
    agent.send(b"too late", 1.0)
    first, second = agent.take()
    client.receive(second, 1.0)
    client.receive(first, 1.0)
    assert client.end is not None
    assert client.end.why is why
    assert client.take_data() == []


def test_unknown_and_meaningless_messages_are_passed_over_in_their_order() -> None:
    agent = Agent()
    client = opened(agent)
    agent.send_payload(flag(Flag.CONNECT_TO_PORT_ERROR)[:3], PayloadType.FLAG, 1.0)
    agent.send_payload((99).to_bytes(4, "big"), PayloadType.FLAG, 1.0)
    agent.send_payload(b"?", 77, 1.0)
    agent.send_payload(agent.request, PayloadType.HANDSHAKE_REQUEST, 1.0)
    agent.send_payload(b"{}", PayloadType.HANDSHAKE_COMPLETE, 1.0)
    agent.send(b"", 1.0)
    agent.send(b"data", 1.0)
    assert exchange(client, agent, 1.0) == b"data"
    assert client.state is State.OPEN
    assert client.rejected == 1
    assert agent.sender.unacknowledged == 0


def test_garbage_is_counted_and_changes_nothing() -> None:
    agent = Agent()
    client = opened(agent)
    client.receive(b"garbage", 1.0)
    client.receive(service_message(MessageType.ACKNOWLEDGE, b"[]"), 1.0)
    client.receive(service_message(MessageType.CHANNEL_CLOSED, b"\xff"), 1.0)
    client.receive(service_message(MessageType.AGENT_SESSION_STATE, b"{}"), 1.0)
    assert client.rejected == 3
    assert client.state is State.OPEN
    assert client.take_messages() == []


def test_what_does_not_fit_into_the_reorder_buffer_is_not_acknowledged() -> None:
    agent = Agent()
    client = opened(agent)
    agent.send(b"first", 1.0)
    (first,) = agent.take()
    for _ in range(20):
        agent.send(bytes(1024 * 1024), 1.0)
        for message in agent.take():
            client.receive(message, 1.0)
    assert len(client.take_messages()) == 16
    client.receive(first, 1.0)
    assert sum(map(len, client.take_data())) == 5 + 16 * 1024 * 1024


def test_the_customer_s_message_is_kept_for_stderr() -> None:
    for message, kept in [("Only for work.", "Only for work."), (None, "")]:
        agent = Agent()
        client = channel()
        client.on_connected("t", 0.0)
        for outgoing in client.take_messages():
            agent.on_client(outgoing, 0.0)
        for answer in agent.take():
            client.receive(answer, 0.0)
        agent.send_payload(
            json.dumps({"CustomerMessage": message}).encode(), PayloadType.HANDSHAKE_COMPLETE, 0.0
        )
        exchange(client, agent)
        assert client.customer_message == kept


def test_a_pause_holds_everything_back_and_loses_nothing() -> None:
    agent = Agent()
    client = opened(agent)
    client.receive(service_message(MessageType.PAUSE_PUBLICATION), 1.0)
    client.send(b"meanwhile", 1.0)
    assert client.take_messages() == []
    assert client.room == 0
    assert client.deadline is None
    client.tick(59.0)
    assert client.take_messages() == []
    client.receive(service_message(MessageType.START_PUBLICATION), 60.0)
    exchange(client, agent, 60.0)
    assert agent.received == b"meanwhile"


def test_a_sign_of_life_ends_a_pause() -> None:
    agent = Agent()
    client = opened(agent)
    client.receive(service_message(MessageType.PAUSE_PUBLICATION), 1.0)
    client.send(b"meanwhile", 1.0)
    agent.send(b"I am back", 2.0)
    assert exchange(client, agent, 2.0) == b"I am back"
    assert agent.received == b"meanwhile"


def test_a_start_without_a_pause_repeats_nothing() -> None:
    agent = Agent()
    client = opened(agent)
    client.send(b"once", 1.0)
    client.take_messages()
    client.receive(service_message(MessageType.START_PUBLICATION), 1.0)
    assert client.take_messages() == []


def test_an_end_during_a_pause_is_said_all_the_same() -> None:
    agent = Agent()
    client = opened(agent)
    client.receive(service_message(MessageType.PAUSE_PUBLICATION), 1.0)
    client.send(b"bye", 1.0)
    client.finish(1.0)
    client.receive(service_message(MessageType.PAUSE_PUBLICATION), 1.0)
    exchange(client, agent, 1.0)
    assert (agent.received, agent.terminated) == (b"bye", True)  # type: ignore[comparison-overlap]


def test_numbers_go_on_after_a_reconnect_and_what_was_in_flight_goes_again() -> None:
    agent = Agent()
    client = opened(agent)
    client.send(b"one ", 1.0)
    client.take_messages()
    client.on_connection_lost()
    client.send(b"two ", 2.0)
    assert client.take_messages() == []
    assert client.deadline is None
    client.on_connected("token-2", 3000.0)
    client.send(b"three", 3000.0)
    exchange(client, agent, 3000.0)
    assert agent.tokens == ["token", "token-2"]
    assert agent.received == b"one two three"


def test_an_end_without_an_answer_is_half_a_second_long() -> None:
    client = opened(Agent())
    client.finish(10.0)
    client.finish(10.1)
    while deadline_of(client) < 10.5:
        client.tick(deadline_of(client))
    assert why(client) is None
    client.tick(10.5)
    assert why(client) is Why.UNANSWERED


def test_an_end_when_nobody_can_be_told() -> None:
    young = channel()
    young.finish(0.0)
    away = opened(Agent())
    away.on_connection_lost()
    away.finish(1.0)
    torn = opened(Agent())
    torn.finish(1.0)
    torn.on_connection_lost()
    torn.on_connection_lost()
    for client in (young, away, torn):
        assert client.end is not None
        assert client.end.why is Why.UNANSWERED
        assert not client.end.text


def test_secrets_stay_out_of_reprs() -> None:
    shown = repr(SessionAccess("s-1", "wss://host/?X-Amz-Signature=abc", "secret"))
    assert shown == "SessionAccess(id='s-1')"


step = st.one_of(
    st.tuples(st.just("up"), st.binary(min_size=1, max_size=40)),
    st.tuples(st.just("down"), st.binary(min_size=1, max_size=40)),
    st.tuples(
        st.sampled_from(["client's", "agent's"]),
        st.lists(st.sampled_from(["pass", "drop", "twice", "last", "later"]), max_size=6),
    ),
    st.tuples(st.just("wait"), st.sampled_from([0.01, 0.3, 2.0])),
    st.tuples(st.just("cut"), st.booleans()),
    st.tuples(st.just("pause"), st.booleans()),
    st.tuples(st.just("dial"), st.booleans()),
)


class Network:
    """Carries messages both ways, as badly as a list of steps says, and well in the end."""

    def __init__(self, *, smallest_chunk: int = 7) -> None:
        self.now = 0.0
        self.client = channel(chunk=7, smallest_chunk=smallest_chunk)
        self.agent = Agent()
        self.up: list[str | bytes] = []
        self.down: list[bytes] = []
        self.out = b""
        self.connections = 0
        self.connect()

    def connect(self) -> None:
        self.connections += 1
        self.client.on_connected(f"token {self.connections}", self.now)
        # The service reads the opening before anything else on a connection.
        opening, *rest = self.client.take_messages()
        self.agent.on_client(opening, self.now)
        self.up.extend(rest)

    def cut(self, *, service_holds: bool) -> None:
        self.client.on_connection_lost()
        if not service_holds:
            self.up.clear()
            self.down.clear()
        self.connect()

    def carry(self, whose: str, fates: list[str]) -> None:
        queue: list[Any] = self.up if whose == "client's" else self.down
        for fate in fates:
            if not queue:
                return
            message = queue.pop(-1 if fate == "last" else 0)
            if fate == "later":
                queue.append(message)
            elif fate != "drop":
                for _ in range(2 if fate == "twice" else 1):
                    if whose == "client's":
                        self.agent.on_client(message, self.now)
                    else:
                        self.client.receive(message, self.now)

    def collect(self) -> None:
        self.out += b"".join(self.client.take_data())
        self.up.extend(self.client.take_messages())
        self.down.extend(self.agent.take())

    def wait(self, seconds: float) -> None:
        # So little while hands are shaken that sixty waits stay within the handshake's limit: its
        # end has tests of its own, and so has the first wait's (nothing can be resent there).
        self.now += min(seconds, 0.1) if self.client.state is State.HANDSHAKE else seconds
        deadline = self.client.deadline
        if self.client.state is not State.OPENING and deadline is not None and deadline <= self.now:
            self.client.tick(self.now)
        self.agent.tick(self.now)


@settings(deadline=None, max_examples=150)
@given(st.lists(step, max_size=60))
@example([("up", b"0"), ("agent's", ["pass"]), ("client's", ["pass", "drop"])])  # the response
def test_what_comes_out_is_what_went_in_in_order_once(steps: list[tuple[str, Any]]) -> None:
    carry_all(Network(), steps)


@settings(deadline=None, max_examples=100)
@given(st.lists(step, max_size=60))
def test_so_it_is_while_large_messages_are_tried(steps: list[tuple[str, Any]]) -> None:
    network = Network(smallest_chunk=2)
    carry_all(network, steps)


def carry_all(network: Network, steps: list[tuple[str, Any]]) -> None:
    went_up = went_down = b""
    for name, value in steps:
        match name:
            case "up":
                network.client.send(value, network.now)
                went_up += value
            case "down":
                # The agent has no data before its handshake is done.
                if network.agent.response is not None:
                    network.agent.send(value, network.now)
                    went_down += value
            case "wait":
                network.wait(value)
            case "cut":
                network.cut(service_holds=value)
            case "pause":
                kind = MessageType.PAUSE_PUBLICATION if value else MessageType.START_PUBLICATION
                network.client.receive(service_message(kind), network.now)
            case "dial":
                network.agent.accepts = value
            case _:
                network.carry(name, value)
        network.collect()
    network.agent.accepts = True
    network.client.receive(service_message(MessageType.START_PUBLICATION), network.now)
    rounds = 0
    while network.agent.received != went_up or network.out != went_down:
        rounds += 1
        assert rounds < 2000, "the rest never arrived"
        network.collect()
        network.carry("client's", ["pass"] * len(network.up))
        network.carry("agent's", ["pass"] * len(network.down))
        network.collect()
        network.wait(0.5 if network.client.state is State.OPEN else 0.21)
    assert network.client.rejected == 0
    assert network.client.end is None


class SmallMessagesOnly:
    """A service that takes no large payloads from the client: it drops them, or the connection."""

    def __init__(self, client: Channel, agent: Agent, *, limit: int, closes: bool) -> None:
        self.client, self.agent = client, agent
        self.limit, self.closes = limit, closes
        self.now = 100.0
        self.connections = 0

    def run(self, seconds: float) -> None:
        """Carry what there is, as the time goes by."""
        until = self.now + seconds
        while self.now < until:
            self._carry()
            self.now += 0.05
            if deadline_of(self.client) <= self.now:
                self.client.tick(self.now)

    def _carry(self) -> None:
        for message in self.client.take_messages():
            if isinstance(message, bytes) and len(message) - 120 > self.limit:
                if not self.closes:
                    continue
                self.client.on_connection_lost()
                self.agent.take()
                self.connections += 1
                self.client.on_connected(f"again {self.connections}", self.now)
                return
            self.agent.on_client(message, self.now)
        for answer in self.agent.take():
            self.client.receive(answer, self.now)


@pytest.mark.parametrize("closes", [False, True])
def test_where_large_messages_do_not_come_through_small_ones_do(closes: bool) -> None:
    agent = Agent()
    client = opened(agent)
    network = SmallMessagesOnly(client, agent, limit=1024, closes=closes)
    data = bytes(range(256)) * 1000
    client.send(b"small first", network.now)
    network.run(1)
    client.send(data, network.now)
    assert client.room == WINDOW - len(data)
    network.run(60)
    assert client.fell_back
    assert agent.received == b"small first" + data
    assert client.deadline is None, "nothing is left unacknowledged"
    assert client.end is None


def test_a_limit_between_is_found_again_once_it_is_smaller() -> None:
    agent = Agent()
    client = opened(agent)
    network = SmallMessagesOnly(client, agent, limit=1 << 20, closes=False)
    client.send(bytes(5000), network.now)
    network.run(1)
    network.limit = 8192
    client.send(bytes(30_000), network.now)
    network.run(30)
    assert client.fell_back
    assert len(agent.received) == 35_000


def test_nothing_follows_a_message_that_is_larger_than_any_before() -> None:
    agent = Agent()
    client = opened(agent)
    client.send(b"small", 0.9)
    client.send(bytes(100_000), 1.0)
    small, first = client.take_messages()
    assert isinstance(first, bytes)
    agent.on_client(small, 1.0)
    for answer in agent.take():
        client.receive(answer, 1.0)
    assert client.take_messages() == []
    assert len(decode(first).payload) == 32 * 1024
    agent.on_client(first, 1.0)
    for answer in agent.take():
        client.receive(answer, 1.1)
    rest = [decode(m) for m in client.take_messages() if isinstance(m, bytes)]
    assert [len(frame.payload) for frame in rest] == [32 * 1024, 32 * 1024, 100_000 - 96 * 1024]
    client.send(bytes(100_000), 1.1)
    assert len(client.take_messages()) == 4, "it came through, so no more are tried alone"


def test_an_agent_that_hears_nothing_is_no_reason_for_small_messages() -> None:
    agent = Agent()
    client = opened(agent)
    agent.accepts = False  # its port is dialled for a long time
    network = SmallMessagesOnly(client, agent, limit=1 << 20, closes=False)
    client.send(bytes(5000), network.now)
    network.run(40)
    agent.accepts = True
    network.run(5)
    assert not client.fell_back
    assert len(agent.received) == 5000


def test_the_end_does_not_wait_for_a_probe() -> None:
    agent = Agent()
    client = opened(agent)
    client.send(bytes(50_000), 1.0)
    client.finish(1.0)
    exchange(client, agent, 1.0)
    assert len(agent.received) == 50_000
    assert agent.terminated
