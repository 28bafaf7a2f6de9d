"""Rates: how often something may be done in a window of time, by whom or from where."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=10)
# A ticket has 160 random bits: no rate makes guessing one harder. This keeps a guesser's bill small.
MOST_REFUSED_OF_SOURCE = 20
MOST_TICKETS_OF_MEMBER = 20
MOST_TICKETS_OF_TEAM = 200


@dataclass(frozen=True)
class Rate:
    """What is counted, in the window that begins at `since`; beyond `most` it is refused."""

    scope: str
    since: datetime
    most: int

    @property
    def until(self) -> datetime:
        return self.since + WINDOW

    def minutes_left(self, now: datetime) -> str:
        """For a sentence: never less than one."""
        return str(max(1, -(-int((self.until - now).total_seconds()) // 60)))


def refused_tickets(source: str, now: datetime) -> Rate:
    """Tickets that couldn't be used, by where they came from."""
    return _rate(f"SOURCE#{network_of(source)}", now, MOST_REFUSED_OF_SOURCE)


def tickets_of_member(member: str, now: datetime) -> Rate:
    """Tickets that were asked for in Slack. `member` is the actor's tag."""
    return _rate(f"MEMBER#{member}", now, MOST_TICKETS_OF_MEMBER)


def tickets_of_team(team: str, now: datetime) -> Rate:
    """The same, of everybody together."""
    return _rate(f"TEAM#{team}", now, MOST_TICKETS_OF_TEAM)


def network_of(source: str) -> str:
    """Where a request came from, as one source: an IPv4 address, or an IPv6 network of 64 bits,
    since whoever has one address there has them all.
    """
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return source[:64]
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False).network_address)


def _rate(scope: str, now: datetime, most: int) -> Rate:
    seconds = int(WINDOW.total_seconds())
    begun = int(now.timestamp()) // seconds * seconds
    return Rate(scope, datetime.fromtimestamp(begun, now.tzinfo), most)
