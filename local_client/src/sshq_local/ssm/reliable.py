"""One direction's reliability: a sender that resends and a receiver that puts in order.

Role-neutral: the client sends input_stream_data and receives output_stream_data, the agent the
reverse. No sockets and no clock: `now` is monotonic seconds. Both outlive any one connection,
since SSM's sequence numbers are never reset.

The timing is AWS's own where it is known (reference: session-manager-plugin and amazon-ssm-agent):
resend only the oldest message, SRTT + max(10 ms, 4 RTTVAR) at most 1 s, gains 1/8 and 1/4.
Three things differ: the wait starts anew when an acknowledgement makes progress (else a full
window would be resent message by message), it doubles while one message stays unanswered, and
the first data is looked after 20 ms beyond the round trip (the agent drops what comes before its
TCP connection to the port is made).
"""

from __future__ import annotations

from sshq_local.ssm.frames import Frame, PayloadType, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW = 4 * 1024 * 1024
"""Bytes of payload that may be unacknowledged: there is no flow control in the protocol."""
SMALLEST_WINDOW = 64 * 1024
INITIAL_RESEND = 0.2
"""Seconds before the first resend while no round trip was measured."""
EARLY_RESEND = 0.02
"""Seconds beyond the round trip before the first data is resent."""
LONGEST_RESEND = 1.0
LARGEST_GAP = 10_000
"""Messages kept while an earlier one is missing: AWS's own number."""
LARGEST_GAP_BYTES = 16 * 1024 * 1024


class _Unacknowledged:
    __slots__ = ("encoded", "is_data", "resent", "sent_at", "size")

    def __init__(
        self, encoded: bytes, size: int, sent_at: float, *, is_data: bool, resent: int = 0
    ) -> None:
        self.encoded = encoded
        self.is_data = is_data
        self.size = size
        self.sent_at = sent_at
        self.resent = resent


class Sender:
    """Numbers and keeps messages until they are acknowledged; says what to resend and when.

    `new_id()` gives a UUID's 16 bytes; `epoch` is the wall clock's seconds at monotonic 0.
    """

    def __init__(
        self,
        message_type: str,
        *,
        new_id: Callable[[], bytes],
        epoch: float,
        window: int = WINDOW,
    ) -> None:
        self._message_type = message_type
        self._new_id = new_id
        self._epoch = epoch
        self._largest_window = window
        self._window = window
        self._next = 0
        self._waiting: dict[int, _Unacknowledged] = {}
        self._waiting_bytes = 0
        self._round_trip: float | None = None
        self._variation = 0.0
        self._took_data = False
        self._timer_from = 0.0

    def send(
        self,
        payload: bytes,
        payload_type: int,
        now: float,
        *,
        flags: int = 0,
    ) -> bytes:
        """The next message, encoded; kept until acknowledged. Ask `room` first for bulk data."""
        encoded = self._encoded(self._next, payload, payload_type, now, flags=flags)
        if not self._waiting:
            self._timer_from = now
        self._waiting[self._next] = _Unacknowledged(
            encoded, len(payload), now, is_data=payload_type == PayloadType.OUTPUT
        )
        self._waiting_bytes += len(payload)
        self._next += 1
        return encoded

    def acknowledge(self, sequence: int, now: float) -> int:
        """The peer has this message: its payload's size. Unknown and repeated numbers are nothing."""
        message = self._waiting.pop(sequence, None)
        if message is None:
            return 0
        self._waiting_bytes -= message.size
        self._timer_from = now
        self._took_data = self._took_data or message.is_data
        if message.resent == 0:
            # A resent message's acknowledgement says nothing of the round trip (Karn).
            self._measure(max(0.0, now - message.sent_at))
        share = message.size * 32 * 1024 // self._window
        self._window = min(self._largest_window, self._window + share)
        return message.size

    def due(self, now: float) -> bytes | None:
        """The oldest message, if it is time to resend it."""
        deadline = self.deadline
        if deadline is None or now < deadline:
            return None
        message = self._waiting[next(iter(self._waiting))]
        message.resent += 1
        message.sent_at = now
        self._timer_from = now
        if self._took_data:
            self._window = max(SMALLEST_WINDOW, self._window // 2)
        return message.encoded

    def resend_all(self, now: float, *, but: int | None = None) -> list[bytes]:
        """All that is unacknowledged, in order: after a reconnect nobody knows what arrived.

        `but`: a message that waits for its timer.
        """
        self._timer_from = now
        again = [message for sequence, message in self._waiting.items() if sequence != but]
        for message in again:
            message.resent += 1
            message.sent_at = now
        return [message.encoded for message in again]

    def shorten(self, sequence: int, payload: bytes, payload_type: int, now: float) -> bytes:
        """Put less into a message that the peer surely doesn't have: the same number, encoded."""
        old = self._waiting[sequence]
        encoded = self._encoded(sequence, payload, payload_type, now)
        self._waiting_bytes += len(payload) - old.size
        self._waiting[sequence] = _Unacknowledged(
            encoded, len(payload), now, is_data=old.is_data, resent=old.resent
        )
        self._timer_from = now
        return encoded

    @property
    def next_sequence(self) -> int:
        """The number of the message that `send` gives next."""
        return self._next

    @property
    def oldest(self) -> int | None:
        """The number of the message that `due` resends."""
        return next(iter(self._waiting), None)

    @property
    def deadline(self) -> float | None:
        """When to call `due`; None while nothing waits."""
        if not self._waiting:
            return None
        oldest = self._waiting[next(iter(self._waiting))]
        backoff = self._resend_after * (1 << min(oldest.resent, 6))
        return self._timer_from + min(LONGEST_RESEND, backoff)

    @property
    def room(self) -> int:
        """Bytes that may be sent now (0 = wait for acknowledgements)."""
        return max(0, self._window - self._waiting_bytes)

    @property
    def unacknowledged(self) -> int:
        """Messages that the peer hasn't acknowledged."""
        return len(self._waiting)

    @property
    def _resend_after(self) -> float:
        if self._round_trip is None:
            return INITIAL_RESEND
        if not self._took_data:
            return self._round_trip + EARLY_RESEND
        return self._round_trip + max(0.01, 4 * self._variation)

    def _encoded(
        self, sequence: int, payload: bytes, payload_type: int, now: float, *, flags: int = 0
    ) -> bytes:
        return encode(
            Frame(
                self._message_type,
                payload,
                message_id=self._new_id(),
                created=max(1, int((self._epoch + now) * 1000)),
                sequence=sequence,
                flags=flags,
                payload_type=payload_type,
            )
        )

    def _measure(self, sample: float) -> None:
        if self._round_trip is None:
            self._round_trip = sample
            self._variation = sample / 2
            return
        self._variation += (abs(self._round_trip - sample) - self._variation) / 4
        self._round_trip += (sample - self._round_trip) / 8


class Receiver:
    """Hands out messages once each and in order, whatever order they come in."""

    def __init__(
        self, *, largest_gap: int = LARGEST_GAP, largest_gap_bytes: int = LARGEST_GAP_BYTES
    ) -> None:
        self._largest_gap = largest_gap
        self._largest_gap_bytes = largest_gap_bytes
        self._early: dict[int, Frame] = {}
        self._early_bytes = 0
        self.expected = 0
        """The sequence number that comes next."""

    def accept(self, frame: Frame) -> tuple[bool, list[Frame]]:
        """(whether to acknowledge it, the messages that are now in order).

        Not acknowledged is what doesn't fit into the reorder buffer: the peer sends it again.
        """
        sequence = frame.sequence
        if sequence < self.expected or sequence in self._early:
            return True, []
        if sequence > self.expected:
            return self._keep(frame), []
        ready = [frame]
        self.expected += 1
        while self.expected in self._early:
            frame = self._early.pop(self.expected)
            self._early_bytes -= len(frame.payload)
            ready.append(frame)
            self.expected += 1
        return True, ready

    def _keep(self, frame: Frame) -> bool:
        too_many = len(self._early) >= self._largest_gap
        if too_many or self._early_bytes + len(frame.payload) > self._largest_gap_bytes:
            return False
        self._early[frame.sequence] = frame
        self._early_bytes += len(frame.payload)
        return True
