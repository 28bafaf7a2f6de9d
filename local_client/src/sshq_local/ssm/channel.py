"""The client's end of a data channel: one state machine over however many connections.

Sans-I/O: WebSocket messages and a clock in, WebSocket messages, data and a deadline out.

    on_connected(token, now)     a WebSocket is up (the first one, or another after a loss)
    on_connection_lost()         it is gone; numbers and unacknowledged data stay
    receive(message, now)        a binary message came
    send(data, now)              bytes of stdin, at most `room` of them
    finish(now)                  the user is done: TerminateSession
    tick(now)                    the `deadline` has come
    take_messages(), take_data() what to put on the WebSocket and on stdout

    OPENING ──handshake request──▶ HANDSHAKE ──handshake complete──▶ OPEN ──finish──▶ ENDING
       └───────────────┴──────────────────────┴────── end (why, text) ──────┴──────────▶ CLOSED
"""

from __future__ import annotations

from enum import Enum

from sshq_local.ssm.frames import (
    ActionStatus,
    Flag,
    Frame,
    FrameError,
    MessageType,
    PayloadType,
    acknowledge,
    decode,
    encode,
    flag,
    handshake_response,
    open_data_channel,
    parse_acknowledge,
    parse_channel_closed,
    parse_flag,
    parse_handshake_request,
    parse_object,
)
from sshq_local.ssm.probe import Probe
from sshq_local.ssm.reliable import Receiver, Sender

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sshq_local.ssm.settings import Settings

HANDSHAKE_LIMIT = 15.0
"""Seconds that the agent itself waits for the handshake to be done."""


class State(Enum):
    OPENING = "opening"
    HANDSHAKE = "handshake"
    OPEN = "open"
    ENDING = "ending"
    CLOSED = "closed"


class Why(Enum):
    """Why a channel is closed."""

    FINISHED = "finished"
    """We said TerminateSession and the agent heard it, or the service closed without an error."""
    UNANSWERED = "unanswered"
    """We said TerminateSession, nobody answered: the session may still be there."""
    NO_HANDSHAKE = "no handshake"
    """The agent never shook hands: a fresh session may do."""
    FAILED = "failed"
    """The service or the agent gave an error."""
    REFUSED = "refused"
    """The agent wants what this client doesn't do."""


class End:
    """Why the channel is closed, and the sentence for the user ("" when there is none)."""

    __slots__ = ("text", "why")

    def __init__(self, why: Why, text: str = "") -> None:
        self.why = why
        self.text = text


class Channel:
    """`new_id()` gives a UUID's 16 bytes; `epoch` is the wall clock's seconds at monotonic 0."""

    def __init__(self, settings: Settings, *, new_id: Callable[[], bytes], epoch: float) -> None:
        self.state = State.OPENING
        self.end: End | None = None
        self.customer_message = ""
        """What the account's administrators want to be shown; for stderr."""
        self.fell_back = False
        """Whether large messages don't come through here; small ones are sent from then on."""
        self.rejected = 0
        """Messages dropped because they were no valid frame."""
        self._settings = settings
        self._new_id = new_id
        self._epoch = epoch
        self._sender = Sender(
            MessageType.INPUT_STREAM_DATA, new_id=new_id, epoch=epoch, window=settings.window
        )
        self._receiver = Receiver()
        self._connected = False
        self._paused = False
        self._timer: float | None = None
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._chunk = settings.chunk
        self._proven = min(settings.chunk, settings.smallest_chunk)
        """Bytes of payload that come through for sure."""
        self._probe: Probe | None = None
        self._behind_probe = bytearray()
        """What `send` got while a probe is on its way."""
        self._messages: list[str | bytes] = []
        self._data: list[bytes] = []

    def on_connected(self, token: str, now: float) -> None:
        """The WebSocket's upgrade is done. What nobody acknowledged goes out again, in order."""
        if self.state is State.CLOSED:
            return
        self._connected = True
        self._paused = False
        opening = open_data_channel(token, request_id=self._new_id(), client_id=self._new_id())
        self._messages = [opening]
        self._messages += self._resent_after_loss(now)
        self._send_pending(now)
        if self.state is State.OPENING:
            self._timer = now + self._settings.handshake_timeout
        elif self.state is State.HANDSHAKE:
            self._timer = now + HANDSHAKE_LIMIT

    def on_connection_lost(self) -> None:
        """Nothing is forgotten but what was only queued: it is unacknowledged, so it goes again."""
        self._connected = False
        self._messages = []
        if self.state is State.ENDING:
            self._close(Why.UNANSWERED)
        elif self.state is not State.CLOSED:
            self._timer = None

    def receive(self, message: bytes, now: float) -> None:
        """One binary WebSocket message. Whatever is wrong with it, it is dropped and counted."""
        if self.state is State.CLOSED:
            return
        try:
            frame = decode(message)
            self._dispatch(frame, now)
        except FrameError:
            self.rejected += 1

    def send(self, data: bytes, now: float) -> None:
        """Bytes for the port, held until the handshake's end: the agent would drop them before."""
        if self.state in {State.OPENING, State.HANDSHAKE}:
            self._held.append(data)
            self._held_bytes += len(data)
        elif self.state is State.OPEN:
            self._behind_probe += data
            self._send_pending(now)

    def finish(self, now: float) -> None:
        """End the session: TerminateSession after all data; half of `end_timeout` for an answer."""
        if self.state is State.OPEN and self._connected:
            self._resume_publication(now)
            self._probe = None  # no time is left to find out
            self._proven = self._chunk
            self._send_pending(now)
            self._transmit(flag(Flag.TERMINATE_SESSION), PayloadType.FLAG, now)
            self.state = State.ENDING
            self._timer = now + self._settings.end_timeout / 2
        elif self.state not in {State.ENDING, State.CLOSED}:
            # Before the handshake's end the agent would drop the flag; without a connection
            # there is nobody to tell. Someone has to end the session by API.
            self._close(Why.UNANSWERED)

    def tick(self, now: float) -> None:
        """Resend what is due, and give up what took too long."""
        if self._timer is not None and now >= self._timer:
            if self.state is State.ENDING:
                self._close(Why.UNANSWERED)
            else:
                self._close(Why.NO_HANDSHAKE, "The node's agent didn't answer the new session.")
        elif self._may_transmit:
            oldest = self._sender.oldest
            again = self._sender.due(now)
            if again is not None:
                self._messages.append(again)
                if self._probe is not None and oldest == self._probe.sequence:
                    self._probe.repeated += 1
                    self._judge_probe(self._probe, now)

    def take_messages(self) -> list[str | bytes]:
        """What to put on the WebSocket, in order: str as text messages, bytes as binary ones."""
        messages, self._messages = self._messages, []
        return messages

    def take_data(self) -> list[bytes]:
        """What came out of the port since the last call, in order, once."""
        data, self._data = self._data, []
        return data

    def take_held(self) -> bytes:
        """What `send` got before the handshake's end: for the fresh session that takes over."""
        held, self._held, self._held_bytes = b"".join(self._held), [], 0
        return held

    @property
    def room(self) -> int:
        """Bytes that `send` takes now; 0 = stop reading stdin."""
        if self.state in {State.OPENING, State.HANDSHAKE}:
            return max(0, self._settings.window - self._held_bytes)
        if self.state is State.OPEN and not self._paused:
            return max(0, self._sender.room - len(self._behind_probe))
        return 0

    @property
    def deadline(self) -> float | None:
        """When `tick` is to be called at the latest."""
        resend = self._sender.deadline if self._may_transmit else None
        if self._timer is None or resend is None:
            return self._timer if resend is None else resend
        return min(self._timer, resend)

    @property
    def _may_transmit(self) -> bool:
        return self._connected and not self._paused and self.state is not State.CLOSED

    def _transmit(self, payload: bytes, payload_type: PayloadType, now: float) -> None:
        encoded = self._sender.send(payload, payload_type, now)
        if self._may_transmit:
            self._messages.append(encoded)

    def _dispatch(self, frame: Frame, now: float) -> None:
        match frame.message_type:
            case MessageType.OUTPUT_STREAM_DATA:
                self._resume_publication(now)
                self._on_stream(frame, now)
            case MessageType.ACKNOWLEDGE:
                _, sequence = parse_acknowledge(frame.payload)
                self._resume_publication(now)
                self._on_acknowledged(sequence, now)
                if self.state is State.ENDING and not self._sender.unacknowledged:
                    self._close(Why.FINISHED)
            case MessageType.CHANNEL_CLOSED:
                text = parse_channel_closed(frame.payload)
                self._close(Why.FAILED if text else Why.FINISHED, text)
            case MessageType.PAUSE_PUBLICATION:
                # While we wait for our end the pause doesn't matter: a second, then it is over.
                self._paused = self.state is not State.ENDING
            case MessageType.START_PUBLICATION:
                self._resume_publication(now)

    def _on_acknowledged(self, sequence: int, now: float) -> None:
        self._proven = max(self._proven, self._sender.acknowledge(sequence, now))
        probe = self._probe
        if probe is None:
            return
        if sequence == probe.sequence:
            self._probe = None
            self._send_pending(now)
        elif sequence == probe.echo:
            probe.heard()

    def _send_pending(self, now: float) -> None:
        """All there is, but nothing behind a message that is larger than any that came through."""
        while self._behind_probe and self._probe is None:
            payload = bytes(self._behind_probe[: self._chunk])
            del self._behind_probe[: self._chunk]
            if len(payload) > self._proven:
                self._probe = Probe(self._sender.next_sequence, payload)
            self._transmit(payload, PayloadType.OUTPUT, now)

    def _resent_after_loss(self, now: float) -> list[bytes]:
        """What goes first on a new connection: the probe waits until the agent is known to hear us."""
        probe = self._probe
        if probe is None:
            return self._sender.resend_all(now)
        if probe.echo is None:
            self._send_echo(probe, now)
        if not probe.is_heard:
            return self._sender.resend_all(now, but=probe.sequence)
        probe.repeated += 1
        if probe.is_too_large:
            self._fall_back(probe, now)
        return self._sender.resend_all(now)

    def _judge_probe(self, probe: Probe, now: float) -> None:
        if probe.wants_echo:
            self._messages.append(self._send_echo(probe, now))
        elif probe.is_too_large:
            self._messages.append(self._fall_back(probe, now))
            self._send_pending(now)

    def _send_echo(self, probe: Probe, now: float) -> bytes:
        probe.echo = self._sender.next_sequence
        return self._sender.send(b"", PayloadType.OUTPUT, now)

    def _fall_back(self, probe: Probe, now: float) -> bytes:
        """Send the probe's beginning in its place, and the rest of it before all else."""
        self.fell_back = True
        self._chunk = min(self._chunk, self._settings.smallest_chunk)
        self._behind_probe[:0] = probe.payload[self._chunk :]
        self._probe = None
        return self._sender.shorten(
            probe.sequence, probe.payload[: self._chunk], PayloadType.OUTPUT, now
        )

    def _resume_publication(self, now: float) -> None:
        """The other end is there again; what it missed is unknown, so all of it goes again."""
        if self._paused:
            self._paused = False
            self._messages.extend(self._sender.resend_all(now))

    def _on_stream(self, frame: Frame, now: float) -> None:
        keep, ready = self._receiver.accept(frame)
        if keep:
            created = max(1, int((self._epoch + now) * 1000))
            answer = acknowledge(frame, message_id=self._new_id(), created=created)
            self._messages.append(encode(answer))
        for message in ready:
            if self.state is State.CLOSED:
                return
            try:
                self._on_message(message, now)
            except FrameError:
                # It has its place in the sequence, so the next ones still count.
                self.rejected += 1

    def _on_message(self, frame: Frame, now: float) -> None:
        match frame.payload_type:
            case PayloadType.OUTPUT:
                if frame.payload:
                    self._data.append(frame.payload)
            case PayloadType.HANDSHAKE_REQUEST:
                self._on_handshake_request(frame.payload, now)
            case PayloadType.HANDSHAKE_COMPLETE:
                self._on_handshake_complete(frame.payload, now)
            case PayloadType.FLAG:
                self._on_flag(parse_flag(frame.payload))

    def _on_handshake_request(self, payload: bytes, now: float) -> None:
        if self.state is not State.OPENING:
            return
        processed, refusal = _process(parse_handshake_request(payload))
        self._transmit(handshake_response(processed), PayloadType.HANDSHAKE_RESPONSE, now)
        if refusal:
            self._close(Why.REFUSED, refusal)
            return
        self.state = State.HANDSHAKE
        self._timer = now + HANDSHAKE_LIMIT

    def _on_handshake_complete(self, payload: bytes, now: float) -> None:
        if self.state is not State.HANDSHAKE:
            return
        self.state = State.OPEN
        self._timer = None
        held = self.take_held()
        if held:
            self.send(held, now)
        message = parse_object(payload).get("CustomerMessage")
        self.customer_message = message if isinstance(message, str) else ""

    def _on_flag(self, value: int) -> None:
        if value == Flag.CONNECT_TO_PORT_ERROR:
            text = "The node's agent could not connect to the SSH server's port."
            self._close(Why.FAILED, text)
        elif value in {Flag.DISCONNECT_TO_PORT, Flag.TERMINATE_SESSION}:
            self._close(Why.FINISHED)

    def _close(self, why: Why, text: str = "") -> None:
        self.state = State.CLOSED
        self.end = End(why, text)
        self._timer = None


def _process(
    asked: list[tuple[str, dict[str, Any]]],
) -> tuple[list[tuple[str, ActionStatus, str]], str]:
    """Answers to the agent's wishes, and the sentence for the user when one can't be met."""
    processed = []
    refusal = ""
    for action_type, parameters in asked:
        problem = _refusal(action_type, parameters)
        if problem is None:
            processed.append((action_type, ActionStatus.SUCCESS, ""))
        else:
            processed.append((action_type, ActionStatus.UNSUPPORTED, problem))
            refusal = refusal or problem
    return processed, refusal


def _refusal(action_type: str, parameters: dict[str, Any]) -> str | None:
    if action_type == "KMSEncryption":
        return (
            "The session wants KMS encryption, which sshq-local doesn't do: SSH encrypts already. "
            "Use a session document of type Port without a KMS key."
        )
    if action_type != "SessionType":
        return f"The node's agent asks for {action_type[:40]!a}, which sshq-local doesn't know."
    session_type = parameters.get("SessionType")
    if session_type != "Port":
        named = str(session_type)[:40]
        return f"The session is of type {named!a}; sshq-local speaks only through type 'Port'."
    properties = parameters.get("Properties")
    if isinstance(properties, dict) and properties.get("type") == "LocalPortForwarding":
        return (
            "The session's document forwards a local port. SSH needs one that carries the "
            "stream as it is, such as AWS-StartSSHSession."
        )
    return None
