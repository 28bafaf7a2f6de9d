"""A log's lines come from the job: they may be coloured, and nothing else."""

from __future__ import annotations

import pytest

from sshq_local.commands.logs import for_a_terminal


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("\x1b[1;31mloss\x1b[0m\t0.1", "\x1b[1;31mloss\x1b[0m\t0.1"),
        ("\x1b[38:5:208mwarm\x1b[m", "\x1b[38:5:208mwarm\x1b[m"),
        ("\x1b]0;title\x07", "]0;title"),
        ("\x1b\x1b]]0;title\x1b\\", "]]0;title\\"),
        ("\x1b[2J\x1b[1A\x1bc", "c"),
        ("\x9b2J\r\x08", "2J"),
        ("\x1b\x1b[31m[2J", "\x1b[31m[2J"),
        ("\x1b[>4;2mx", "x"),
        ("损失 0.1", "损失 0.1"),
    ],
)
def test_colours_stay_and_what_steers_a_terminal_goes(line: str, shown: str) -> None:
    assert for_a_terminal(line) == shown
