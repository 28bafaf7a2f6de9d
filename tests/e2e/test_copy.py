"""`sshq-local cp` through real sessions: SSM's message service, the job's sshd, its hashing tool."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING

from tests.e2e.conftest import LOCAL, SANDBOX
from tests.waiting import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import RunningJob, Sandbox

MEBIBYTES, PIECES = 24, 32


def test_a_file_goes_up_in_stripes_and_one_stripe_s_death_heals(
    sandbox: Sandbox, job: RunningJob, tmp_path: Path
) -> None:
    connected = sandbox.connect(job.ticket, "--no-shell")
    assert connected.code == 0, connected.err
    source, there, back = tmp_path / "source", tmp_path / "there", tmp_path / "back"
    source.write_bytes(os.urandom(MEBIBYTES << 20))
    journals = sandbox.folder / "alice" / "data" / "copies"

    def moved() -> int:
        """Pieces that have arrived, by the journal: a line for each after its first."""
        return sum(len(j.read_bytes().splitlines()) - 1 for j in journals.glob("*.journal"))

    with subprocess.Popen(
        [*LOCAL, "cp", "--json", str(source), f"{job.name}:{there}"],
        env=sandbox.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as copying:
        # The first connection asks how things are there; once there is another one it moves pieces.
        # It stands still with one of them in its hands, so that the copy can't come to its end before
        # each of the others has moved what it began with, and all four were connected.
        until(lambda: len(_ssh_of(copying.pid)) > 1, "a second stripe")
        stripe = _ssh_of(copying.pid)[0]
        os.kill(stripe, signal.SIGSTOP)
        try:
            until(lambda: moved() >= PIECES - 1, "all pieces but one")
        finally:
            os.kill(stripe, signal.SIGKILL)
        out, err = copying.communicate(timeout=PATIENCE_SECONDS)
    assert copying.returncode == 0, err
    copied = json.loads(out)
    assert copied["moved"] == copied["size"] == source.stat().st_size
    assert copied["healed"] >= 1
    assert copied["stripes"] == 4
    assert there.read_bytes() == source.read_bytes()
    down = sandbox.run(*LOCAL, "cp", f"{job.name}:{there}", str(back))
    assert down.code == 0, down.err
    assert copied["sha256"] in down.out
    assert back.read_bytes() == source.read_bytes()
    assert list(journals.glob("*.journal")) == []


def test_a_tree_comes_down_while_frames_are_lost_and_sockets_torn(
    sandbox: Sandbox, job: RunningJob, tmp_path: Path
) -> None:
    sandbox.connect(job.ticket, "--no-shell")
    tree = tmp_path / "tree"
    (tree / "below").mkdir(parents=True)
    for number in range(40):
        (tree / "below" / f"{number}").write_bytes(os.urandom(20_000))
    faults = ("fault", "drop", "--to", "client", "--rate", "0.03")
    assert sandbox.run(*SANDBOX, "channel", *faults).code == 0
    try:
        with subprocess.Popen(
            [*LOCAL, "cp", "--json", "-n", "3", f"{job.name}:{tree}", str(tmp_path / "copy")],
            env=sandbox.environment(),
            stdout=subprocess.PIPE,
            text=True,
        ) as copying:
            while copying.poll() is None:
                sandbox.run(*SANDBOX, "channel", "tear")
            out, _ = copying.communicate(timeout=PATIENCE_SECONDS)
        shown = json.loads(sandbox.run(*SANDBOX, "channel", "show", "--json").out)
    finally:
        assert sandbox.run(*SANDBOX, "channel", "clear").code == 0
    copied = json.loads(out)
    assert (copied["files"], copied["size"]) == (40, 800_000)
    for number in range(40):
        arrived = tmp_path / "copy" / "below" / f"{number}"
        assert arrived.read_bytes() == (tree / "below" / f"{number}").read_bytes()
    assert shown["faults"][0]["kind"] == "drop"
    assert shown["torn"] > 0


def test_what_the_channel_command_does_not_know_is_said(sandbox: Sandbox) -> None:
    done = sandbox.run(*SANDBOX, "channel", "fault", "explode")
    assert done.code == 1
    assert "drop, duplicate, delay, reorder" in done.err
    assert sandbox.run(*SANDBOX, "channel", "set", "pace").code == 1


def test_what_the_machine_refuses_is_said(
    sandbox: Sandbox, job: RunningJob, tmp_path: Path
) -> None:
    sandbox.connect(job.ticket, "--no-shell")
    (tmp_path / "file").write_bytes(b"x")
    done = sandbox.run(
        *LOCAL, "cp", "--json", str(tmp_path / "file"), f"{job.name}:/proc/nothing/x"
    )
    assert done.code == 1
    assert json.loads(done.out)["error"]["reason"] == "copy-refused"


def _ssh_of(pid: int) -> list[int]:
    """Its ssh processes, the oldest first."""
    listed = subprocess.run(
        ("ps", "-o", "pid=,comm=", "--ppid", str(pid)), capture_output=True, text=True, check=False
    )
    return sorted(int(line.split()[0]) for line in listed.stdout.splitlines() if "ssh" in line)
