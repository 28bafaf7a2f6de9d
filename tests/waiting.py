"""How tests wait: for what must come, as long as the slowest machine needs, and no longer than it takes."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

PATIENCE_SECONDS = 120.0
"""After so long a test has failed. It says nothing of speed: that is for `make bench`."""


def until(what: Callable[[], T], said: str = "it never came about") -> T:
    """The first true answer."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (answer := what()):
        assert time.monotonic() < deadline, said
        time.sleep(0.02)
    return answer


def is_alive(pid: int) -> bool:
    """Whether a process runs. One that has ended and was not yet collected doesn't."""
    shown = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], check=False, capture_output=True, text=True
    )
    return shown.stdout.strip()[:1] not in {"", "Z"}
