"""One direction's reliability by itself: when what is resent, and what is kept for how long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq_local.ssm.frames import Frame, PayloadType, decode
from sshq_local.ssm.reliable import SMALLEST_WINDOW, Receiver, Sender
from tests.unit.local_client.ssm.agent import EPOCH, numbered_ids


def sender(window: int = 4 * 1024 * 1024) -> Sender:
    return Sender("input_stream_data", new_id=numbered_ids(), epoch=EPOCH, window=window)


def message(sequence: int, payload: bytes = b"x") -> Frame:
    return Frame("output_stream_data", payload, message_id=bytes(16), created=1, sequence=sequence)


def test_messages_are_numbered_and_dated() -> None:
    it = sender()
    first = decode(it.send(b"a", PayloadType.OUTPUT, 1.5, flags=1))
    second = decode(it.send(b"b", PayloadType.FLAG, 2.0))
    assert (first.sequence, first.flags, first.payload_type) == (0, 1, PayloadType.OUTPUT)
    assert first.created == int((EPOCH + 1.5) * 1000)
    assert (second.sequence, second.payload_type) == (1, PayloadType.FLAG)
    assert first.message_id != second.message_id


def test_nothing_sent_nothing_due() -> None:
    it = sender()
    assert it.deadline is None
    assert it.due(1000.0) is None


def test_without_a_round_trip_the_first_resend_comes_after_200_ms() -> None:
    it = sender()
    sent = it.send(b"a", PayloadType.HANDSHAKE_RESPONSE, 10.0)
    assert it.deadline == pytest.approx(10.2)
    assert it.due(10.19) is None
    assert it.due(10.2) == sent


def test_the_first_data_is_resent_20_ms_after_the_round_trip() -> None:
    it = sender()
    it.send(b"hello", PayloadType.HANDSHAKE_RESPONSE, 0.0)
    it.acknowledge(0, 0.06)
    it.send(b"a", PayloadType.OUTPUT, 1.0)
    assert it.deadline == pytest.approx(1.08)
    it.acknowledge(1, 1.06)
    it.send(b"b", PayloadType.OUTPUT, 2.0)
    assert it.deadline == pytest.approx(2.0 + 0.06 + 4 * 0.0225)


def test_a_message_s_resends_come_ever_later_up_to_a_second() -> None:
    it = sender()
    it.send(b"a", PayloadType.OUTPUT, 0.0)
    now, waits = 0.0, []
    for _ in range(8):
        assert it.deadline is not None
        waits.append(round(it.deadline - now, 3))
        now = it.deadline
        assert it.due(now) is not None
    assert waits == [0.2, 0.4, 0.8, 1.0, 1.0, 1.0, 1.0, 1.0]


def test_only_the_oldest_is_resent_and_progress_restarts_the_wait() -> None:
    it = sender()
    it.send(b"a", PayloadType.OUTPUT, 0.0)
    second = it.send(b"b", PayloadType.OUTPUT, 0.0)
    it.acknowledge(0, 0.19)
    assert it.due(0.2) is None, "b is 200 ms old, but something moved just now"
    assert it.deadline is not None
    assert it.due(it.deadline) == second


def test_a_resent_message_says_nothing_of_the_round_trip() -> None:
    it = sender()
    it.send(b"a", PayloadType.OUTPUT, 0.0)
    it.due(0.2)
    it.acknowledge(0, 0.21)
    it.send(b"b", PayloadType.OUTPUT, 1.0)
    assert it.deadline == pytest.approx(1.2)


def test_unknown_and_repeated_acknowledgements_are_nothing() -> None:
    it = sender(window=100)
    it.send(b"a" * 60, PayloadType.OUTPUT, 0.0)
    it.acknowledge(7, 0.1)
    assert (it.room, it.unacknowledged) == (40, 1)
    it.acknowledge(0, 0.1)
    it.acknowledge(0, 0.1)
    assert (it.room, it.unacknowledged) == (100, 0)


def test_the_window_fills_and_never_goes_below_nothing() -> None:
    it = sender(window=100)
    it.send(b"a" * 160, PayloadType.OUTPUT, 0.0)
    assert it.room == 0


def test_the_window_halves_on_a_resend_and_grows_again() -> None:
    whole = 1024 * 1024
    it = sender(window=whole)
    it.send(b"", PayloadType.OUTPUT, 0.0)
    it.acknowledge(0, 0.001)
    it.send(b"x", PayloadType.OUTPUT, 1.0)
    assert it.due(2.0) is not None
    assert it.room == whole // 2 - 1
    for _ in range(10):
        it.due(it.deadline or 0.0)
    assert it.room == SMALLEST_WINDOW - 1
    it.acknowledge(1, 20.0)
    for sequence in range(2, 2000):
        it.send(b"x" * 32768, PayloadType.OUTPUT, 21.0)
        it.acknowledge(sequence, 21.0)
    assert it.room == whole


def test_a_refusal_before_any_data_went_through_does_not_shrink_the_window() -> None:
    it = sender(window=1024 * 1024)
    it.send(b"x", PayloadType.OUTPUT, 0.0)
    assert it.due(1.0) is not None
    assert it.room == 1024 * 1024 - 1


def test_all_goes_again_in_order_after_a_reconnect() -> None:
    it = sender()
    sent = [it.send(bytes([number]), PayloadType.OUTPUT, 0.0) for number in range(5)]
    it.acknowledge(2, 0.1)
    assert it.resend_all(9.0) == [sent[0], sent[1], sent[3], sent[4]]
    assert it.deadline is not None
    assert it.deadline > 9.0


def test_in_order_at_once_behind_again_ahead_later() -> None:
    it = Receiver()
    zero, one, two = message(0), message(1), message(2)
    assert it.accept(two) == (True, [])
    assert it.accept(two) == (True, [])
    assert it.accept(zero) == (True, [zero])
    assert it.accept(zero) == (True, [])
    assert it.accept(one) == (True, [one, two])
    assert it.expected == 3


def test_a_full_reorder_buffer_is_not_acknowledged() -> None:
    it = Receiver(largest_gap=2, largest_gap_bytes=10)
    assert it.accept(message(5, b"x" * 6)) == (True, [])
    assert it.accept(message(6, b"x" * 6)) == (False, [])
    assert it.accept(message(7)) == (True, [])
    assert it.accept(message(8)) == (False, [])
    keep, ready = it.accept(message(0))
    assert keep
    assert [frame.sequence for frame in ready] == [0], "what is in order is never refused"


@given(st.permutations(range(12)), st.lists(st.integers(0, 11), max_size=12))
def test_any_order_with_repeats_comes_out_once_and_in_order(
    order: list[int], repeats: list[int]
) -> None:
    it = Receiver()
    out: list[int] = []
    for sequence in [*order, *repeats]:
        keep, ready = it.accept(message(sequence))
        assert keep
        out.extend(frame.sequence for frame in ready)
    assert out == list(range(12))
