"""Ending processes: none gets away, neither by having just been started nor by not listening."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

# A child that begins one process after the other, each of which outlives it.
BUSY_PARENT = """
(while :; do sleep "$1" >/dev/null & /bin/true; done) &
sleep 0.05 2>/dev/null || sleep 1
signal_below TERM "$$"
"""
DEAF = """
(trap '' TERM; : >"$1"; while :; do sleep 1; done) &
while [ ! -e "$1" ]; do sleep_briefly; done
end_below "$$" 1
wait "$!"
echo $?
"""


def test_what_a_dying_parent_began_dies_with_it(sh: Callable[..., bytes], tmp_path: Path) -> None:
    seconds = f"600.{sum(tmp_path.name.encode())}"

    for _ in range(2):
        sh(BUSY_PARENT, seconds)

    # On a busy machine the signal takes its time to arrive.
    until(lambda: not _running(f"sleep\0{seconds}\0"))


def test_who_does_not_listen_is_killed(sh: Callable[..., bytes], tmp_path: Path) -> None:
    assert sh(DEAF, str(tmp_path / "deaf")).decode().split()[-1] == "137"


def _running(command: str) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if entry.read_text() == command:
                found.append(entry.parent.name)
        except OSError:
            continue
    return found
