"""Spans of time, typed and read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [("30m", 1800), ("2h", 7200), ("1h30m", 5400), ("1.5h", 5400), ("90s", 90), (" 1D ", 86_400)],
)
def test_what_people_type(typed: str, seconds: int) -> None:
    assert parse_duration(typed) == seconds


@pytest.mark.parametrize("typed", ["", "30", "m", "1h x", "-1h", "1 hour", "1e3h", "½h"])
def test_what_is_no_span_of_time_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"^span$"):
        parse_duration(typed)


@given(st.integers(min_value=0, max_value=10**7))
def test_what_is_shown_never_says_more_than_there_is(seconds: int) -> None:
    shown = format_duration(seconds).replace("min", "m").replace(" ", "")

    left_out = 3600 if seconds >= 86_400 else 60 if seconds >= 3600 else 1
    assert 0 <= seconds - parse_duration(shown) < left_out
