from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq_sandbox.lambda_host.schedule_expressions import parse

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)  # a Sunday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rate(1 minute)", NOON + timedelta(minutes=1)),
        ("rate(12 hours)", NOON + timedelta(hours=12)),
        ("rate(1 day)", NOON + timedelta(days=1)),
        ("at(2026-11-23T00:00:00)", datetime(2026, 11, 23, tzinfo=UTC)),
        ("at(2026-11-22T12:00:00)", None),
        ("cron(*/15 * * * ? *)", NOON + timedelta(minutes=15)),
        ("cron(0 12 * * ? *)", NOON + timedelta(days=1)),
        ("cron(30 8 ? * MON-FRI *)", datetime(2026, 11, 23, 8, 30, tzinfo=UTC)),
        ("cron(0 0 1 JAN ? *)", datetime(2027, 1, 1, tzinfo=UTC)),
        ("cron(5/20 13 22,23 * ? *)", datetime(2026, 11, 22, 13, 5, tzinfo=UTC)),
        ("cron(0 0 31 2 ? *)", None),
    ],
)
def test_when_a_schedule_fires_next(text: str, expected: datetime | None) -> None:
    assert parse(text).next_after(NOON) == expected


@pytest.mark.parametrize(
    "text",
    ["", "rate(0.5 minutes)", "rate(1 fortnight)", "cron(* * *)", "cron(61 * * * ? *)",
     "cron(0 0 1 1 ? 2027)", "cron(9-3 * * * ? *)"],
)  # fmt: skip
def test_what_is_not_known_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse(text)


@given(
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
    moment=st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_a_daily_cron_fires_within_a_day_at_its_minute(
    minute: int, hour: int, moment: datetime
) -> None:
    found = parse(f"cron({minute} {hour} * * ? *)").next_after(moment)

    assert found is not None
    assert timedelta(0) < found - moment <= timedelta(days=1)
    assert (found.hour, found.minute, found.second) == (hour, minute, 0)
