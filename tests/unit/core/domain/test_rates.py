"""Sources and windows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sshq.domain.rates import WINDOW, network_of, refused_tickets
from tests.core_services import START


@pytest.mark.parametrize(
    ("source", "network"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::1", "2001:db8:1:2::"),
        ("not an address" * 20, ("not an address" * 20)[:64]),
    ],
)
def test_an_ipv6_source_is_its_network(source: str, network: str) -> None:
    assert network_of(source) == network


def test_a_window_begins_anew_and_tells_how_long_it_lasts() -> None:
    rate = refused_tickets("192.0.2.1", START + timedelta(seconds=30))

    assert rate == refused_tickets("192.0.2.1", START)
    assert rate.minutes_left(START) == "10"
    assert rate.minutes_left(rate.until - timedelta(seconds=1)) == "1"
    assert refused_tickets("192.0.2.1", START + WINDOW) != rate
