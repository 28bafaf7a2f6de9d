"""Traces of jobs' activity against the minutes at which they are to be warned of and ended.

recorded_on_a_busy_machine is a recording of a container of the sandbox; recorded_terminal is that
recording with CPU and load replaced; all others are composed, not recorded.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.idle_replay import TRACES, Trace, read, replay


@pytest.mark.parametrize(
    "trace", [read(path) for path in TRACES], ids=[path.stem for path in TRACES]
)
def test_a_trace_ends_when_it_should(trace: Trace) -> None:
    outcome = replay(trace)

    assert (outcome.warned, outcome.stopped) == (trace.warned, trace.stopped)


def test_the_warning_explains_itself_and_offers_both_ways_out() -> None:
    trace = read(next(path for path in TRACES if path.stem == "never_entered"))
    said = replay(trace).said

    assert "idle 25 of 30 min: no keystrokes, no data over SSH" in said
    assert "GPU 0 %" in said
    assert "Keep 1 h" in said
    assert "Stop now" in said


def test_a_harness_that_cannot_fail_shows_nothing() -> None:
    """The same trace with one minute of typing late in it ends later."""
    trace = read(next(path for path in TRACES if path.stem == "never_entered"))
    busy = [
        replace(line, text=line.text.replace('"typing":0', '"typing":1'))
        if 28 < line.seconds / 60 < 29
        else line
        for line in trace.lines
    ]

    assert replay(replace(trace, lines=busy)).stopped is None
