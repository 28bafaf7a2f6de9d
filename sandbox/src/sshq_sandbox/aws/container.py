"""One running container of a job: a process group in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_INIT = Path(__file__).with_name("container_init.py")
_LONGEST_LINE = 256 * 1024  # of a CloudWatch Logs event


class Container:
    """Starts at once. `on_line` and `on_exit` are called on a thread of the container's own;
    `on_exit` once, with the exit code, when all processes are gone and all output was handed over.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        on_line: Callable[[str], None],
        on_exit: Callable[[int], None],
    ) -> None:
        lifeline, self._lifeline = os.pipe()
        self._lock = threading.Lock()
        self._is_held = True
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_INIT), str(lifeline), *command],
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(lifeline,),
                start_new_session=True,
            )
        finally:
            os.close(lifeline)
        self._thread = threading.Thread(
            target=self._follow, args=(on_line, on_exit), name=f"container {folder}", daemon=True
        )
        self._thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def terminate(self) -> None:
        """SIGTERM to the entrypoint."""
        with suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """SIGKILL to every process of the container. May be called again."""
        with self._lock:
            if self._is_held:
                self._is_held = False
                os.close(self._lifeline)

    def join(self, timeout: float | None = None) -> None:
        self._thread.join(timeout)

    def _follow(self, on_line: Callable[[str], None], on_exit: Callable[[int], None]) -> None:
        with self._process as process:
            assert process.stdout is not None  # noqa: S101  (asked for above)
            while line := process.stdout.readline(_LONGEST_LINE):
                on_line(line.decode("utf-8", "replace").rstrip("\r\n"))
        self.kill()
        on_exit(process.returncode)
