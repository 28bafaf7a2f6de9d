"""Traces of jobs' activity against the minutes at which they are to be warned of and ended.

Each says in its first line how it was recorded, or why it is composed.
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
    trace = read(next(path for path in TRACES if path.stem == "nobody_enters"))
    said = replay(trace).said

    assert "idle 4 of 5 min: no keystrokes, no data over SSH" in said
    assert "GPU 0 %" in said
    assert "Keep 1 h" in said
    assert "Stop now" in said


def test_a_harness_that_cannot_fail_shows_nothing() -> None:
    """The same trace with one minute of typing late in it ends later."""
    trace = read(next(path for path in TRACES if path.stem == "nobody_enters"))
    busy = [
        replace(line, text=line.text.replace('"typing":0', '"typing":1'))
        if 3 < line.seconds / 60 < 4.5
        else line
        for line in trace.lines
    ]

    later = replay(replace(trace, lines=busy)).stopped

    assert trace.stopped is not None
    assert later is not None
    assert later > trace.stopped


def test_one_that_is_kept_goes_on() -> None:
    trace = read(next(path for path in TRACES if path.stem == "nobody_enters"))

    assert replay(replace(trace, keeps=[5])).stopped is None
