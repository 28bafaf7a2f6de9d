"""`make show-foundation`: the evidence for the foundation, made on the spot. Nothing here is remembered."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Protocol

    class Sandbox(Protocol):
        """`sshq-sandbox` with these words; what it printed."""

        def __call__(self, *words: str, quiet: bool = False) -> str: ...


ROOT = Path(__file__).resolve().parent.parent
SANDBOX = ("-m", "sshq_sandbox.cli")
LOCAL = ("-m", "sshq_local")
USUAL_PORT = 8700
MEGABYTES = 4


def main() -> int:
    """Show everything; the exit code says whether all of it held."""
    with tempfile.TemporaryDirectory(prefix="show-foundation-") as scratch:
        clone = Path(scratch) / "sshq"
        _heading("a clean clone")
        _run("git", "clone", "--quiet", str(ROOT), str(clone))
        before = _processes()
        held = [
            _demo(clone, "make demo in the clean clone (installs its own environment)"),
            _demo(clone, "make demo once more"),
        ]
        with _taken(USUAL_PORT):
            held.append(_demo(clone, f"make demo with port {USUAL_PORT} taken"))
        held += _by_hand(clone)
        _heading("the process list after `down`, against the one before")
        left = _processes() - before
        print("\n".join(sorted(left)) or "no process is left that was not there before")
        held.append(not left)
    _heading("all of it held" if all(held) else "NOT all of it held")
    return 0 if all(held) else 1


def _demo(clone: Path, title: str) -> bool:
    _heading(title)
    began = time.monotonic()
    done = subprocess.run(
        ("make", "--no-print-directory", "demo"),
        cwd=clone,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    print("\n".join(lines[-3:]))
    print(f"exit code {done.returncode}, {time.monotonic() - began:.0f} s in all; by step:")
    for step in json.loads((clone / "build" / "demo.json").read_text())["steps"]:
        print(f"  {step['seconds']:7.2f} s  {step['title']}")
    return done.returncode == 0 and lines[-1] == "demo: ok"


def _by_hand(clone: Path) -> list[bool]:
    """A transcript by `slash` and `inbox`, scp both ways, and a request delivered twice."""
    python = str(clone / ".venv" / "bin" / "python")
    laptop = clone / "build" / "laptop"
    environment = os.environ | {
        "SSHQ_SANDBOX_STATE": str(clone / "build" / "state"),
        "SSHQ_DATA_HOME": str(laptop / "data"),
        "SSHQ_SSH_CONFIG": str(laptop / "ssh_config"),
    }

    def sandbox(*words: str, quiet: bool = False) -> str:
        return _run(python, *SANDBOX, *words, environment=environment, quiet=quiet)

    _heading("a transcript by slash and inbox")
    sandbox("up", "--detach")
    try:
        sandbox("slash", "--as", "admin", "setup")
        sandbox("click", "--as", "admin", "Confirm")
        sandbox("slash", "--as", "admin", "add-user @alice")
        submitted = sandbox("slash", "--as", "alice", "run")
        job = _found(r"Job `(\S+)` is submitted", submitted)
        shown = sandbox("inbox", "--as", "alice", "--until", f"`{job}` is ready", "--wait", "60")
        ticket = _found(r"sshq-local connect (\S+/[0-9A-Z]{32})", shown)
        connect = (*LOCAL, "connect", ticket, "--no-shell", "--accept-api")
        ca_file = str(clone / "build" / "state" / "tls" / "ca.pem")
        _run(python, *connect, "--ca-file", ca_file, environment=environment)
        copied = _scp_both_ways(laptop, job, environment)
        once = _delivered_twice(sandbox)
        sandbox("slash", "--as", "alice", f"stop {job}")
    finally:
        sandbox("down")
    return [copied, once]


def _scp_both_ways(laptop: Path, job: str, environment: dict[str, str]) -> bool:
    _heading(f"scp both ways, {MEGABYTES} MiB of random bytes")
    sent, there, back = laptop / "sent", laptop / "there", laptop / "back"
    sent.write_bytes(os.urandom(MEGABYTES << 20))
    scp = ("scp", "-F", str(laptop / "ssh_config"))
    _run(*scp, str(sent), f"{job}:{there}", environment=environment)
    _run(*scp, f"{job}:{there}", str(back), environment=environment)
    digests = [hashlib.sha256(file.read_bytes()).hexdigest() for file in (sent, there, back)]
    print("sha256 sent, there, back: " + " ".join(digest[:16] for digest in digests))
    return len(set(digests)) == 1


def _delivered_twice(sandbox: Sandbox) -> bool:
    _heading("the same request delivered again, as it was and with a fresh signature")
    said = sandbox("slash", "--as", "alice", "run --name twice", "--json", quiet=True)
    request = json.loads(said)["ack"]["request_id"]
    sandbox("redeliver", "--as", "alice", request)
    sandbox("redeliver", "--as", "alice", "--fresh-signature", request)
    calls = sandbox("calls", "--operation", "CreateTrainingJob", "--json", quiet=True)
    names = [call["parameters"]["TrainingJobName"] for call in json.loads(calls)["calls"]]
    twice = [name for name in names if "-twice-" in name]
    print(f"CreateTrainingJob was called for: {', '.join(twice)}")
    sandbox("slash", "--as", "alice", f"stop {twice[0]}")
    return len(twice) == 1


def _run(*command: str, environment: dict[str, str] | None = None, quiet: bool = False) -> str:
    shown = ["sshq-sandbox" if word == SANDBOX[1] else word for word in command]
    print(f"$ {_typed(shown)}", flush=True)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if not quiet or done.returncode:
        print(done.stdout + done.stderr, flush=True)
    if done.returncode:
        raise SystemExit(f"it ended with {done.returncode}")
    return done.stdout


def _typed(words: Sequence[str]) -> str:
    """The command as a person types it: by its name, not by its path."""
    line = " ".join(f"'{word}'" if " " in word else word for word in words)
    line = re.sub(r"\S*/python -m sshq-sandbox", "sshq-sandbox", line)
    line = re.sub(r"\S*/python -m sshq_local", "sshq-local", line)
    return re.sub(r"/\S*/show-foundation-[^/]*", "…", line).replace(str(ROOT), ".")


@contextlib.contextmanager
def _taken(port: int) -> Iterator[None]:
    """Somebody else listens there."""
    with socket.create_server(("127.0.0.1", port)):
        yield


def _processes() -> set[str]:
    """Every process that has to do with sshq: its command line, as `ps` has it."""
    listed = subprocess.run(
        ("ps", "-eo", "pid=,args="), capture_output=True, text=True, check=True
    ).stdout
    words = ("sshq", "awslambdaric", "amazon-ssm-agent", "sshd")
    return {line.strip() for line in listed.splitlines() if any(word in line for word in words)}


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise SystemExit(f"the bot didn't say {pattern}")
    return match[1]


def _heading(text: str) -> None:
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
