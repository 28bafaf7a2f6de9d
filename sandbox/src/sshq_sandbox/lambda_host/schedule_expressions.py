"""EventBridge Scheduler's expressions: rate(…), at(…) and plain cron(…). Pure; times are UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

_RATE = re.compile(r"rate\((\d+) (minute|minutes|hour|hours|day|days)\)")
_CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_HORIZON = timedelta(days=366 * 5)


class Expression(Protocol):
    """When a schedule fires."""

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first time after `moment`; None if it won't fire again."""
        ...


def parse(text: str) -> Expression:
    """Read an expression. Raises ValueError with the text that wasn't understood."""
    if match := _RATE.fullmatch(text):
        unit = match[2].rstrip("s") + "s"
        return Rate(timedelta(**{unit: int(match[1])}))
    if match := _CRON.fullmatch(text):
        minute, hour, day, month, weekday, year = match.groups()
        if year != "*":
            raise ValueError(f"{text}: years aren't known to the sandbox.")
        return Cron(
            minutes=_field(minute, 0, 59),
            hours=_field(hour, 0, 23),
            days=_field(day, 1, 31),
            months=_field(_numbers(month, _MONTHS), 1, 12),
            weekdays=_field(_numbers(weekday, _DAYS), 1, 7),
        )
    if match := _AT.fullmatch(text):
        return Once(datetime.fromisoformat(match[1]).replace(tzinfo=UTC))
    raise ValueError(f"{text!r} isn't a schedule expression that the sandbox knows.")


@dataclass(frozen=True)
class Rate:
    """Every `interval`, counted from the last time."""

    interval: timedelta

    def next_after(self, moment: datetime) -> datetime:
        return moment + self.interval


@dataclass(frozen=True)
class Once:
    """One moment."""

    moment: datetime

    def next_after(self, moment: datetime) -> datetime | None:
        return self.moment if self.moment > moment else None


@dataclass(frozen=True)
class Cron:
    """The minutes of a calendar. Weekdays are AWS's: 1 is Sunday."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]

    def next_after(self, moment: datetime) -> datetime | None:
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        while day < moment + _HORIZON:
            if self._has_day(day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        candidate = day.replace(hour=hour, minute=minute)
                        if candidate > moment:
                            return candidate
            day += timedelta(days=1)
        return None

    def _has_day(self, day: datetime) -> bool:
        weekday = day.isoweekday() % 7 + 1
        return day.month in self.months and day.day in self.days and weekday in self.weekdays


def _numbers(text: str, names: tuple[str, ...]) -> str:
    for number, name in enumerate(names, start=1):
        text = text.replace(name, str(number))
    return text


def _field(text: str, low: int, high: int) -> frozenset[int]:
    if text in {"*", "?"}:
        return frozenset(range(low, high + 1))
    numbers: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = low, high
        elif "-" in span:
            first, last = (int(end) for end in span.split("-"))
        else:
            first = int(span)
            last = high if step else first
        if not low <= first <= last <= high:
            raise ValueError(f"{text!r} isn't within {low}–{high}.")
        numbers.update(range(first, last + 1, int(step or 1)))
    return frozenset(numbers)
