"""`make demo`: the main path from `/sshq setup` to a shell and back, each step as its user sees it.

Every line that follows a `$` is a command that was run for real. Timings go to build/demo.json.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SANDBOX = (sys.executable, "-m", "sshq_sandbox.cli")
_LOCAL = (sys.executable, "-m", "sshq_local")
_TICKET = re.compile(r"sshq-local connect (\S+?/[0-9A-Z]{32})")
_JOB = re.compile(r"Job `(sshq-alice-[a-z0-9-]+)` is submitted")
_STEP_SECONDS = 120.0
_DROP_SECONDS = 10.0
_DEAD_TICKET_EXIT = 1


class DemoError(Exception):
    """The demo didn't go as it should; the text says where."""


@dataclass
class Step:
    """One step: what was typed, and how long it took."""

    title: str
    command: str
    seconds: float
    exit_code: int


@dataclass
class Demo:
    """A run: its folder, its environment, and what it has shown so far."""

    folder: Path
    environment: dict[str, str]
    steps: list[Step] = field(default_factory=list)

    def run(self, title: str, shown: str, command: Sequence[str], *, expect: int | None = 0) -> str:
        """Run one command, show it as its user types it, and give back what it printed."""
        print(f"\n{len(self.steps) + 1}. {title}\n$ {shown}", flush=True)
        began = time.monotonic()
        done = subprocess.run(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_STEP_SECONDS,
            check=False,
        )
        seconds = time.monotonic() - began
        print(_indented(done.stdout), flush=True)
        self.steps.append(Step(title, shown, round(seconds, 3), done.returncode))
        if expect is not None and done.returncode != expect:
            raise DemoError(f"`{shown}` ended with {done.returncode} instead of {expect}")
        return done.stdout

    def slack(self, title: str, person: str, text: str) -> str:
        """Somebody types `/sshq …` in Slack."""
        return self.run(
            title,
            f'sshq-sandbox slash --as {person} "{text}"      # {person} types /sshq {text}',
            (*_SANDBOX, "slash", "--as", person, text, "--wait", "60"),
        )

    def click(self, title: str, person: str, label: str) -> str:
        """Somebody presses a button in Slack."""
        return self.run(
            title,
            f"sshq-sandbox click --as {person} {label}",
            (*_SANDBOX, "click", "--as", person, label, "--wait", "60"),
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the demo. 0 and `demo: ok`, or 1 and the step that failed."""
    options = _parser().parse_args(arguments)
    if shutil.which("ssh") is None:
        print("demo: there is no `ssh` on PATH. Install OpenSSH's client, then try again.")
        return 1
    folder: Path = options.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    demo = Demo(folder, _environment(folder))
    began = time.monotonic()
    try:
        _play(demo)
    except (DemoError, subprocess.TimeoutExpired) as error:
        print(f"\ndemo: failed: {error}\nlogs: {folder}")
        return 1
    finally:
        subprocess.run((*_SANDBOX, "down"), env=demo.environment, check=False, capture_output=True)
        seconds = round(time.monotonic() - began, 3)
        report = {"seconds": seconds, "steps": [asdict(step) for step in demo.steps]}
        options.report.write_text(json.dumps(report, indent=1) + "\n")
    print(f"\n{len(demo.steps)} steps in {seconds:.1f} s; timings in {options.report}")
    print("demo: ok")
    return 0


def _play(demo: Demo) -> None:
    demo.run(
        "The sandbox: AWS, Slack and SSM's message service on this machine",
        "sshq-sandbox up --detach",
        (*_SANDBOX, "up", "--detach"),
    )
    demo.slack("An admin asks what setup would change", "admin", "setup")
    demo.click("… and confirms exactly that plan", "admin", "Confirm")
    demo.slack("The admin enrols alice", "admin", "add-user @alice")
    said = demo.slack("alice asks for a machine", "alice", "run --instance ml.m5.large")
    job = _found(_JOB, said)
    said = demo.run(
        "… and soon has a node, and a ticket that only she can see",
        f"sshq-sandbox inbox --as alice --until '`{job}` is ready'",
        (*_SANDBOX, "inbox", "--as", "alice", "--until", f"`{job}` is ready", "--wait", "60"),
    )
    ticket = _found(_TICKET, said)

    facts = json.loads((demo.folder / "sandbox" / "sandbox.json").read_text())
    connect = (*_LOCAL, "connect", ticket, "--ca-file", facts["ca_file"], "--accept-api")
    greeting = (
        "echo hello from $TRAINING_JOB_NAME, I am $(id -un), host key and certificate checked"
    )
    shown = f"sshq-local connect {ticket} -- '{greeting}'"
    said = demo.run(
        "On her laptop alice pastes the line, and runs a command over SSH through SSM",
        shown,
        (*connect, "--", greeting),
    )
    if f"hello from {job}" not in said:
        raise DemoError("the job's SSH server didn't answer as it should")

    _stop_while_connected(demo, job)
    demo.run(
        "The lease is dead with the job",
        f"sshq-local exec {job} -- true",
        (*_LOCAL, "exec", job, "--", "true"),
        expect=None,
    )
    if demo.steps[-1].exit_code == 0:
        raise DemoError("a job that was stopped could still be entered")
    demo.run("Nothing stays behind", "sshq-sandbox down", (*_SANDBOX, "down"))


def _stop_while_connected(demo: Demo, job: str) -> None:
    """alice stops the job while a shell is open: the shell must drop."""
    shell = subprocess.Popen(
        (*_LOCAL, "exec", job, "--", "echo open; exec sleep 600"),
        env=demo.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        if shell.stdout is None or shell.stdout.readline() != "open\n":
            raise DemoError("the second connection didn't open")
        demo.slack("alice stops the job while a shell is open", "alice", f"stop {job}")
        began = time.monotonic()
        shell.wait(timeout=_DROP_SECONDS)
        print(
            f"   (the open shell dropped; seen {time.monotonic() - began:.1f} s after the answer)"
        )
    finally:
        shell.kill()
        shell.wait()


def _environment(folder: Path) -> dict[str, str]:
    """Everything that the demo leaves is in its folder: the sandbox's state and alice's laptop."""
    laptop = folder / "laptop"
    laptop.mkdir()
    return os.environ | {
        "SSHQ_SANDBOX_STATE": str(folder / "sandbox"),
        "SSHQ_DATA_HOME": str(laptop / "data"),
        "SSHQ_SSH_CONFIG": str(laptop / "ssh_config"),
        "PYTHONUNBUFFERED": "1",
    }


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    if match is None:
        raise DemoError(f"the bot didn't say {pattern.pattern}")
    return match[1]


def _indented(text: str) -> str:
    return "\n".join(f"   {line}" for line in text.rstrip().splitlines())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sshq_sandbox.demo", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/demo"), help="where it happens")
    parser.add_argument("--report", type=Path, default=Path("build/demo.json"), help="the timings")
    return parser


if __name__ == "__main__":
    sys.exit(main())
