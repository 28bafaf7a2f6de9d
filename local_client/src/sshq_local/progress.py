"""Progress by stage, on stderr: what is being done now, and how long it took."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING

from sshq_local.language import text as sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO


class Progress:
    """quiet: say nothing (for `--json`)."""

    def __init__(
        self,
        *,
        quiet: bool = False,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = None if quiet else stream or sys.stderr
        self._clock = clock

    @contextlib.contextmanager
    def stage(self, text: str) -> Iterator[None]:
        """Print `text … 0.31 s` around the block, or `text … failed`."""
        self._write(f"{text} … ")
        started = self._clock()
        try:
            yield
        except BaseException:
            self._write(sentence("overview.stage-failed") + "\n")
            raise
        self._write(f"{self._clock() - started:.2f} s\n")

    def say(self, text: str) -> None:
        self._write(text + "\n")

    def _write(self, text: str) -> None:
        if self._stream is not None:
            self._stream.write(text)
            self._stream.flush()
