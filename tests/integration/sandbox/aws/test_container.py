"""That nothing of a container survives the process that started it."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from sshq_sandbox.aws.container import Container
from tests.waiting import PATIENCE_SECONDS, is_alive, until

if TYPE_CHECKING:
    from pathlib import Path

SUPERVISOR = """
import os, sys
from pathlib import Path
from sshq_sandbox.aws.container import Container
script = "setsid sleep 600 & echo $! $$; wait"
Container(["/bin/sh", "-c", script], folder=Path(sys.argv[1]), environment=os.environ,
          on_line=lambda line: print(line, flush=True), on_exit=print).join()
"""


def test_a_killed_supervisor_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SUPERVISOR, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        pids = [int(pid) for pid in supervisor.stdout.readline().split()]
        assert len(pids) == 2
        supervisor.send_signal(signal.SIGKILL)

    until(lambda: not any(map(is_alive, pids)), f"some of {pids} live")


def test_the_exit_code_is_the_entrypoints(tmp_path: Path) -> None:
    for script, code in (("exit 0", 0), ("exit 41", 41), ("kill -9 $$", 137)):
        assert _run(script, tmp_path) == ([], code)


def test_output_of_both_streams_comes_line_by_line(tmp_path: Path) -> None:
    lines, _ = _run("echo one; echo two >&2; printf three", tmp_path)
    assert lines == ["one", "two", "three"]


def test_bytes_that_are_no_text_are_replaced(tmp_path: Path) -> None:
    lines, _ = _run(r"printf '\377ok\n'", tmp_path)
    assert lines == ["\N{REPLACEMENT CHARACTER}ok"]


def _run(script: str, folder: Path) -> tuple[list[str], int]:
    lines: list[str] = []
    codes: queue.Queue[int] = queue.Queue()
    Container(
        ["/bin/sh", "-c", script],
        folder=folder,
        environment=os.environ,
        on_line=lines.append,
        on_exit=codes.put,
    )
    return lines, codes.get(timeout=PATIENCE_SECONDS)
