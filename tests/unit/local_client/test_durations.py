from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq_local.durations import parse_span, parse_until
from sshq_local.errors import Refusal

NOW = datetime(2026, 11, 25, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2h", 7_200),
        ("90m", 5_400),
        ("90min", 5_400),
        ("1h30m", 5_400),
        ("1 h 30 min", 5_400),
        ("1d", 86_400),
        ("2", 7_200),
        ("0.5", 1_800),
        ("45s", 45),
    ],
)
def test_a_span(text: str, seconds: int) -> None:
    assert parse_span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "h", "0", "-2h", "2x", "1h2", "soon", "1e9h", "9" * 30])
def test_what_is_no_span(text: str) -> None:
    with pytest.raises(Refusal):
        parse_span(text)


@given(st.text(max_size=12))
def test_anything_is_a_span_or_a_refusal(text: str) -> None:
    try:
        span = parse_span(text)
    except Refusal:
        return
    assert span > timedelta(0)


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("18:00", datetime(2026, 11, 25, 18, 0, tzinfo=UTC)),
        ("9:15", datetime(2026, 11, 26, 9, 15, tzinfo=UTC)),
        ("2026-11-27T08:00", datetime(2026, 11, 27, 8, 0, tzinfo=UTC)),
        ("2026-11-27T08:00+02:00", datetime(2026, 11, 27, 6, 0, tzinfo=UTC)),
    ],
)
def test_a_point_in_time(text: str, then: datetime) -> None:
    assert parse_until(text, NOW, local=lambda time: time.replace(tzinfo=UTC)) == then


def test_summer_time_may_end_before_then() -> None:
    now = datetime(2026, 10, 24, 18, 30, tzinfo=timezone(timedelta(hours=2)))

    def berlin(time: datetime) -> datetime:
        summer = time < datetime(2026, 10, 25, 3, 0)  # noqa: DTZ001 - as a person writes it
        return time.replace(tzinfo=timezone(timedelta(hours=2 if summer else 1)))

    assert parse_until("18:00", now, local=berlin) == datetime(2026, 10, 25, 17, 0, tzinfo=UTC)
    assert parse_until("2026-10-25T18:00", now, local=berlin) == datetime(
        2026, 10, 25, 17, 0, tzinfo=UTC
    )


@pytest.mark.parametrize("text", ["25:00", "18:61", "tomorrow", ""])
def test_what_is_no_point_in_time(text: str) -> None:
    with pytest.raises(Refusal):
        parse_until(text, NOW)
