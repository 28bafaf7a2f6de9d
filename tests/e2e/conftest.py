"""One sandbox for the end-to-end tests, driven by its command line as a person would."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.waiting import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SANDBOX = (sys.executable, "-m", "sshq_sandbox.cli")
LOCAL = (sys.executable, "-m", "sshq_local")
TICKET = re.compile(r"sshq-local connect (\S+?/[0-9A-Z]{32})")
# What ends within its patience may still have to be told.
COMMAND_SECONDS = 2 * PATIENCE_SECONDS
WAIT = ("--wait", f"{PATIENCE_SECONDS:.0f}")
NODE = re.compile(r"mi-[0-9a-f]{17}")
# What an admin gave the stack beside its defaults.
PARAMETERS = {
    "InputLocations": "s3://team-data/sets",
    "OutputLocations": "s3://team-results",
    "Vpcs": "lab=subnet-1a,subnet-2b/sg-3c",
}


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox, and laptops that know it."""

    folder: Path
    ca_file: str

    def run(self, *command: str, laptop: str = "alice", input_text: str = "") -> Done:
        """Run a command in a laptop's environment."""
        done = subprocess.run(
            command,
            env=self.environment(laptop),
            input=input_text,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def environment(self, laptop: str = "alice") -> dict[str, str]:
        """Where this laptop keeps its leases and its SSH configuration."""
        return os.environ | {
            "SSHQ_SANDBOX_STATE": str(self.folder / "state"),
            "SSHQ_DATA_HOME": str(self.folder / laptop / "data"),
            "SSHQ_SSH_CONFIG": str(self.folder / laptop / "ssh_config"),
        }

    def slash(self, person: str, text: str) -> str:
        """Somebody types `/sshq …`; what they are shown until the bot is quiet."""
        done = self.run(*SANDBOX, "slash", "--as", person, text, *WAIT)
        assert done.code == 0, done.err
        return done.out

    def click(self, person: str, label: str) -> str:
        """Somebody presses a button."""
        done = self.run(*SANDBOX, "click", "--as", person, label, *WAIT)
        assert done.code == 0, done.err
        return done.out

    def connect(self, ticket: str, *more: str, laptop: str = "alice") -> Done:
        """Paste the line on a laptop."""
        options = ("--ca-file", self.ca_file, "--accept-api")
        return self.run(*LOCAL, "connect", ticket, *options, *more, laptop=laptop)

    def ssh(self, job: str, *command: str, program: str = "ssh", laptop: str = "alice") -> Done:
        """OpenSSH with the laptop's configuration, as after `connect`."""
        config = str(self.folder / laptop / "ssh_config")
        return self.run(program, "-F", config, *([job] if job else []), *command, laptop=laptop)

    @contextlib.contextmanager
    def running(self, *command: str, laptop: str = "alice") -> Iterator[subprocess.Popen[str]]:
        """A command that stays until the block ends, which is its Ctrl-C."""
        process = subprocess.Popen(
            command,
            env=self.environment(laptop),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=PATIENCE_SECONDS)
            finally:
                process.kill()

    @contextlib.contextmanager
    def shell(self, job: str, laptop: str = "alice") -> Iterator[subprocess.Popen[str]]:
        """A connection that stays open until somebody ends it, or the block does."""
        config = str(self.folder / laptop / "ssh_config")
        process = subprocess.Popen(
            ("ssh", "-F", config, job, "echo open; exec sleep 600"),
            env=self.environment(laptop),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        with process:
            try:
                assert process.stdout
                assert process.stdout.readline() == "open\n"
                yield process
            finally:
                process.kill()

    def drops(self, shell: subprocess.Popen[str]) -> bool:
        """Whether a connection ends as one that is cut, long before its command would end."""
        return shell.wait(timeout=PATIENCE_SECONDS) != 0

    def aws(self, service: str) -> Any:
        """A person's own client of the sandbox's AWS."""
        env = json.loads(self.run(*SANDBOX, "env", "--json").out)
        return boto3.client(
            service,
            endpoint_url=env["AWS_ENDPOINT_URL"],
            region_name=env["AWS_REGION"],
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        )

    def nodes(self, job: str) -> set[str]:
        """The ids of the nodes that are registered with SSM now, as this job's."""
        filters = [{"Key": "tag:sshq:job", "Values": [job]}]
        found = self.aws("ssm").describe_instance_information(Filters=filters)
        return {node["InstanceId"] for node in found["InstanceInformationList"]}

    def calls(self, operation: str) -> list[dict[str, Any]]:
        """The calls of one operation so far."""
        done = self.run(*SANDBOX, "calls", "--operation", operation, "--json")
        found: list[dict[str, Any]] = json.loads(done.out)["calls"]
        return found

    def inbox(self, person: str) -> str:
        """All that somebody sees."""
        return self.run(*SANDBOX, "inbox", "--as", person).out

    def living_message(self, person: str, job: str) -> str:
        """What the one message that is kept up to date says of a job now.

        It may lag: two workers may show at once, of which the later corrects itself.
        """
        told = reversed(self.inbox(person).split("──"))
        return next((part for part in told if f"_circle: `{job}`:" in part), "")

    def eventually(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for what must come true."""
        until(holds, f"{what} did not come true")


@contextlib.contextmanager
def running_sandbox(folder: Path, *options: str) -> Iterator[Sandbox]:
    """Up, set up, with alice and bob as members; down at the end."""
    made = Sandbox(folder, str(folder / "state" / "tls" / "ca.pem"))
    parameters = (word for each in PARAMETERS.items() for word in ("--parameter", "=".join(each)))
    up = made.run(*SANDBOX, "up", "--detach", *parameters, *options)
    assert up.code == 0, up.err
    try:
        made.slash("admin", "setup")
        assert "Setup is done" in made.click("admin", "Confirm")
        for person in ("alice", "bob"):
            assert "is a member now" in made.slash("admin", f"add-user @{person}")
        yield made
    finally:
        made.run(*SANDBOX, "down")


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One for all tests of a worker."""
    with running_sandbox(tmp_path_factory.mktemp("e2e")) as running:
        yield running


@dataclass(frozen=True)
class RunningJob:
    """A job of alice's that is ready, and the ticket that came with it."""

    name: str
    ticket: str


def submit_job(sandbox: Sandbox, person: str = "alice", options: str = "") -> str:
    """`/sshq run`, until it is submitted; its name."""
    said = sandbox.slash(person, f"run {options}".strip())
    name = re.search(rf"Job `(sshq-{person}-[a-z0-9-]+)` is submitted", said)
    assert name, said
    return name[1]


def run_job(sandbox: Sandbox, person: str = "alice", options: str = "") -> RunningJob:
    """`/sshq run`, until it is ready."""
    name = submit_job(sandbox, person, options)
    ready = f"`{name}` is ready"
    shown = sandbox.run(*SANDBOX, "inbox", "--as", person, "--until", ready, *WAIT)
    assert shown.code == 0, shown.out
    ticket = TICKET.search(shown.out.split(ready)[1])
    assert ticket, shown.out
    return RunningJob(name, ticket[1])


@pytest.fixture(scope="module")
def job(sandbox: Sandbox) -> Iterator[RunningJob]:
    """One ready job for a module's tests."""
    made = run_job(sandbox)
    yield made
    sandbox.slash("alice", f"stop {made.name}")


@pytest.fixture(scope="module")
def machine(sandbox: Sandbox, job: RunningJob) -> str:
    """The alias of a machine that alice's laptop holds a lease for."""
    done = sandbox.connect(job.ticket, "--no-shell")
    assert done.code == 0, done.err
    return job.name


def through_socks(proxy: int, port: int) -> bytes:
    """A page of `localhost:port` where a SOCKS 5 proxy on this computer leads to (RFC 1928).

    The name is resolved over there.
    """
    name = b"localhost"
    with socket.create_connection(("localhost", proxy), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(b"\x05\x01\x00")
        assert connection.recv(2) == b"\x05\x00"
        there = bytes([len(name)]) + name + port.to_bytes(2, "big")
        connection.sendall(b"\x05\x01\x00\x03" + there)
        assert connection.recv(10)[:2] == b"\x05\x00"
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return b"".join(iter(lambda: connection.recv(4096), b""))
