"""A container in a folder of its own: the real start-up script, a real SSH server, a real client.

Only the SSM agent is a stand-in (a few lines of sh): AWS's needs AWS, and the sandbox's own is
tested end to end.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sshq.container import CODE_CHANNEL, JOB_CHANNEL, startup_files
from sshq_sandbox.free_port import free_port
from sshq_sandbox.image import BIN
from tests.ssh_authority import Authority
from tests.waiting import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ACTIVATION_CODE = "canary-activation-code"
NODE_ID = "mi-0123456789abcdef0"

AGENT = f"""#!/bin/sh
if [ "${{1:-}}" = -register ]; then
  case "$*" in *{ACTIVATION_CODE}*) ;; *) exit 4 ;; esac
  while [ -e "$HOME/wait-for-go" ] && [ ! -e "$HOME/go" ]; do sleep 0.1; done
  [ ! -e "$HOME/refuse" ] || {{ echo "InvalidActivation: $*"; exit 1; }}
  echo "Successfully registered the instance with AWS SSM using Managed instance-id: {NODE_ID}"
  exit 0
fi
echo "agent $$" >>"$HOME/agents"
trap 'kill "$!"; exit 0' TERM
while :; do sleep 5 & wait "$!"; done
"""
"""Short sleeps: one that a SIGKILL leaves behind ends by itself."""


@dataclass
class Container:
    """One container's folder, and its entrypoint once it is started."""

    folder: Path
    authority: Authority
    port: int
    shell: list[str]
    server: str = "openssh"
    facts: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> Path:
        return self.folder / "opt/ml/sshq"

    @property
    def output(self) -> str:
        return (self.folder / "output").read_text(errors="replace")

    def start(self, *, agent: bool = True) -> None:
        inputs = self.folder / "opt/ml/input/data"
        channel, scripts = inputs / JOB_CHANNEL, inputs / CODE_CHANNEL
        channel.mkdir(parents=True)
        scripts.mkdir()
        for name, content in startup_files().items():
            (scripts / name).parent.mkdir(exist_ok=True)
            (scripts / name).write_bytes(content)
        config = self.folder / "opt/ml/input/config/resourceconfig.json"
        config.parent.mkdir()
        config.write_text('{"current_host": "algo-1", "hosts": ["algo-1"]}')
        facts = {
            "JOB": "sshq-alice-workbench-abcdefgh",
            "OWNER": "T0001/U0001",
            "NODES": "1",
            "ACTIVATION_ID": "0f1e2d3c-0000-4000-8000-000000000000",
            "ACTIVATION_CODE": ACTIVATION_CODE,
            "REGION": "eu-west-1",
            "CA_KEYS": self.authority.public_key,
            "PRINCIPALS": "the-job",
            "LOGIN_USER": "root",
            "PORT": "2222",
            "COMMAND": "",
            "WAIT_SECONDS": "0",
            "DEADLINE": str(int(time.time()) + 3600),
            "IDLE_SECONDS": "0",
            "FAIL_MODE": "run",
            **self.facts,
        }
        lines = [f"SSHQ_{name}={shlex.quote(value)}" for name, value in facts.items()]
        lines += ["# env", *(f"export {k}={shlex.quote(v)}" for k, v in self.env.items())]
        (channel / "job.env").write_text("\n".join(lines) + "\n")
        root = self.folder / "root"
        root.mkdir(exist_ok=True)
        image = self.folder / "bin"
        image.mkdir()
        (image / "sshd").symlink_to(BIN / "sshd")
        if agent:
            (image / "amazon-ssm-agent").write_text(AGENT)
            (image / "amazon-ssm-agent").chmod(0o755)
        environment = {
            "PATH": f"{image}:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(root),
            "SANDBOX_PORT_MAP": f"2222={self.port}",
            "SANDBOX_PYTHON": sys.executable,
            "SANDBOX_SSHD": self.server,
            "PLATFORM_SECRET": "canary-platform-secret",
        }
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(
                [*self.shell, str(scripts / "start.sh")],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                start_new_session=True,
            )

    def records(self, stage: str = "") -> list[dict[str, Any]]:
        whole, _, _being_written = self.output.rpartition("\n")
        lines = [line for line in whole.splitlines() if line.startswith('{"sshq":')]
        records = [json.loads(line) for line in lines]
        return [record for record in records if stage in {"", record["stage"]}]

    def ready(self) -> dict[str, Any]:
        record: dict[str, Any] = until(lambda: self.records("ready"))[0]
        assert record["result"] == "ok", self.output
        return record

    def signal(self, number: signal.Signals) -> None:
        assert self.process
        self.process.send_signal(number)

    def wait(self) -> int:
        assert self.process
        return self.process.wait(PATIENCE_SECONDS)

    def verb(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", str(self.home / "verb.sh"), *arguments],
            env={"SSHQ_HOME": str(self.home), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )

    def client_options(self, identity: Path) -> list[str]:
        """For ssh, scp and sftp: this key only, and the host key that the record told."""
        known = identity.parent / "known_hosts"
        host_key = self.records("sshd")[0]["facts"]["host_keys"][0]
        known.write_text(f"the-node {host_key}\n")
        options = {
            "IdentityFile": identity,
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "UserKnownHostsFile": known,
            "GlobalKnownHostsFile": "none",
            "StrictHostKeyChecking": "yes",
            "HostKeyAlias": "the-node",
            "BatchMode": "yes",
            "Port": self.port,
            "User": self.records("sshd")[0]["facts"]["login_user"],
        }
        return ["-F", "none", *(f"-o{name}={value}" for name, value in options.items())]

    def ssh(self, identity: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["ssh", *self.client_options(identity), "127.0.0.1", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
            stdin=subprocess.DEVNULL,
        )

    def leaves_no_process(self) -> None:
        """What was sent a signal last may need a moment until it has gone."""
        until(lambda: not self.processes(), "a process of the container's is left")

    def processes(self) -> list[str]:
        """What still runs of this container (by the folder in its command line or environment)."""
        mark = str(self.folder).encode()
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark in (
                    (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                ):
                    found.append((entry / "cmdline").read_text())
            except OSError:
                continue
        return found


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture(params=["dash", "busybox sh", "bash --posix"])
def shell(request: pytest.FixtureRequest) -> list[str]:
    words: list[str] = request.param.split()
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} isn't installed")
    return words


@pytest.fixture(params=["openssh", "asyncssh"])
def server(request: pytest.FixtureRequest) -> str:
    if request.param == "openssh" and not Path("/usr/sbin/sshd").exists():
        pytest.skip("OpenSSH's sshd isn't installed")
    return str(request.param)


@pytest.fixture
def make_container(tmp_path: Path, authority: Authority) -> Iterator[Callable[..., Container]]:
    made: list[Container] = []

    def make(**options: Any) -> Container:
        folder = tmp_path / f"it's 100% {len(made)}"
        folder.mkdir()
        defaults: dict[str, Any] = {"port": free_port(), "shell": ["/bin/sh"]}
        container = Container(folder=folder, authority=authority, **(defaults | options))
        made.append(container)
        return container

    yield make
    for container in made:
        if container.process and container.process.poll() is None:
            container.process.send_signal(signal.SIGTERM)
            try:
                container.process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(container.process.pid, signal.SIGKILL)
                container.process.wait()
