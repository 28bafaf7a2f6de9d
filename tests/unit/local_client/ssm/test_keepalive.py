"""Pings, dead peers and sleep, on clocks that the test moves."""

from __future__ import annotations

import pytest

from sshq_local.ssm.clocks import Clocks
from sshq_local.ssm.keepalive import Keepalive


def test_a_ping_every_interval_and_no_more() -> None:
    it = Keepalive(100.0, ping_interval=30.0, dead_after=75.0)
    assert it.deadline == 130.0
    assert not it.ping_is_due(129.9)
    assert it.ping_is_due(130.0)
    assert not it.ping_is_due(130.1)
    assert it.deadline == 160.0


def test_silence_is_death_and_any_byte_is_life() -> None:
    it = Keepalive(0.0, ping_interval=30.0, dead_after=75.0)
    assert not it.is_dead(74.9)
    assert it.is_dead(75.0)
    it.heard(74.0)
    assert not it.is_dead(148.9)
    assert it.is_dead(149.0)


def test_after_sleep_the_peer_has_five_seconds() -> None:
    it = Keepalive(0.0, ping_interval=30.0, dead_after=75.0)
    it.slept(10.0)
    assert it.ping_is_due(10.0)
    assert it.deadline == 15.0
    assert it.is_dead(15.0)
    it.heard(12.0)
    assert not it.is_dead(86.9)


def test_sleep_does_not_give_a_silent_peer_more_time() -> None:
    it = Keepalive(0.0, ping_interval=30.0, dead_after=75.0)
    it.slept(73.0)
    assert it.is_dead(75.0)


class TwoClocks:
    monotonic = 50.0
    wall = 1_700_000_000.0

    def run(self, seconds: float) -> None:
        self.monotonic += seconds
        self.wall += seconds

    def sleep(self, seconds: float) -> None:
        self.wall += seconds


def test_sleep_is_seen_once_and_counted() -> None:
    time = TwoClocks()
    clocks = Clocks(lambda: time.monotonic, lambda: time.wall)
    time.run(3000.0)
    assert not clocks.slept()
    time.sleep(600.0)
    assert clocks.slept()
    assert not clocks.slept()
    assert clocks.seconds() == pytest.approx(3600.0)
    clocks.restart()
    time.run(5.0)
    assert clocks.seconds() == pytest.approx(5.0)


def test_a_wall_clock_that_is_set_back_is_no_sleep_and_stops_no_time() -> None:
    time = TwoClocks()
    clocks = Clocks(lambda: time.monotonic, lambda: time.wall)
    time.run(100.0)
    time.sleep(-7200.0)
    assert not clocks.slept()
    assert clocks.seconds() == pytest.approx(100.0)
