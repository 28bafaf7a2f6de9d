"""A job's container with a root file system of its own: real start-up script, sshd and client, as root
in mount, pid and network namespaces, with no network but its own loopback.

Only the SSM agent is a stand-in: a package of a few lines of sh, delivered and pinned as AWS's is.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import tarfile
import time
import zipfile
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sshq.container import (
    AGENT_CHANNEL,
    CODE_CHANNEL,
    JOB_CHANNEL,
    entrypoint,
    startup_digest,
    startup_files,
)
from sshq.container.ssh_server.unpack import PACKAGES
from sshq.domain.agent_pin import AgentPin
from sshq.domain.job_file import Activation, JobFile
from sshq.domain.jobs import SSH_PORT
from tests.waiting import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from tests.ssh_authority import Authority

ACTIVATION_CODE = "canary-activation-code"
_INIT = Path(__file__).with_name("root_container_init.py")
# The code isn't spelt out, so that a search for it finds only what was left by mistake.
_AGENT = """#!/bin/sh
if [ "${1:-}" = -register ]; then
  case "$*" in *"-code canary-"*) ;; *) exit 4 ;; esac
  echo "Successfully registered the instance with AWS SSM using Managed instance-id: mi-0123456789abcdef0"
  exit 0
fi
# AWS's agent gives everybody the node role, unless it is told not to.
grep -q '"ShareCreds":false' "${0%/*}/configuration/amazon-ssm-agent.json" ||
  { mkdir -p "$HOME/.aws"; echo '[default]' >"$HOME/.aws/credentials"; }
trap 'kill "$!"; exit 0' TERM
sleep 86400 &
wait
"""


def agent_package(program: str = _AGENT) -> bytes:
    """What AWS's amazon-ssm-agent-binaries.tar.gz holds, as far as start.sh cares."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as package:
        for name in ("amazon-ssm-agent", "ssm-agent-worker", "ssm-document-worker"):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(program), 0o755
            package.addfile(member, io.BytesIO(program.encode()))
    return packed.getvalue()


@dataclass
class RootContainer:
    """One container over `root`, which is left as it is; `folder` holds /opt/ml and the output."""

    root: Path
    folder: Path
    authority: Authority
    offline: bool = True
    wheels: Path | None = None
    shape: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    binds: list[tuple[str, str]] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0

    @property
    def ml(self) -> Path:
        return self.folder / "ml"

    @property
    def output(self) -> str:
        return (self.folder / "output").read_text(errors="replace")

    def start(self) -> None:
        """Begin as SageMaker does."""
        self.lay_out()
        self.run()

    def run(self) -> None:
        """Run the entrypoint over what was laid out."""
        (self.folder / "work").mkdir()
        wishes = {
            "root": str(self.root),
            "work": str(self.folder / "work"),
            "ml": str(self.ml),
            "binds": self.binds,
            "offline": self.offline,
            "command": list(entrypoint(startup_digest())),
            "environment": {
                "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "HOME": "/root",
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/canary-platform-secret",
            },
        }
        unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--ipc", "--uts"]
        self.began = time.monotonic()
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(
                [
                    *([*unshare, "--net"] if self.offline else unshare),
                    *(sys.executable, "-I", "-S", str(_INIT), json.dumps(wishes)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def lay_out(self) -> None:
        """What SageMaker downloads before a container starts."""
        inputs = self.ml / "input/data"
        for name in (JOB_CHANNEL, CODE_CHANNEL, AGENT_CHANNEL, "../config", "../../output"):
            (inputs / name).mkdir(parents=True, exist_ok=True)
        (inputs / "../config/resourceconfig.json").write_text(
            '{"current_host": "algo-1", "hosts": ["algo-1"]}'
        )
        for name, content in startup_files().items():
            (inputs / CODE_CHANNEL / name).parent.mkdir(exist_ok=True)
            (inputs / CODE_CHANNEL / name).write_bytes(content)
        kept = {f"{platform.machine()}.tar.gz": agent_package()}
        if self.wheels is not None:
            kept |= {wheel.name: wheel.read_bytes() for wheel in self.wheels.glob("*.whl")}
        for name, content in kept.items():
            (inputs / AGENT_CHANNEL / name).write_bytes(content)
        sha256 = {name: hashlib.sha256(content).hexdigest() for name, content in kept.items()}
        pin = AgentPin(version="3.3.0.0", signed_by="0" * 40, sha256=sha256)
        facts = {
            "job": "sshq-alice-workbench-abcdefgh",
            "owner": "T0001/U0001",
            "nodes": 1,
            "activation": Activation(id="0f1e2d3c", code=ACTIVATION_CODE, region="eu-west-1"),
            "ssh_ca": (self.authority.public_key,),
            "principals": ("the-job",),
            "login_user": "root",
            "port": SSH_PORT,
            "command": "",
            "env": self.environment,
            "deadline": datetime.fromtimestamp(time.time() + 3600, UTC),
            "agent": pin,
        }
        job_file = JobFile(**(facts | self.shape))
        (inputs / JOB_CHANNEL / "job.env").write_text(job_file.as_shell())
        (inputs / JOB_CHANNEL / "job.json").write_text(job_file.model_dump_json())

    def records(self, stage: str = "") -> list[dict[str, Any]]:
        whole, _, _being_written = self.output.rpartition("\n")
        lines = [line for line in whole.splitlines() if line.startswith('{"sshq":')]
        records = [json.loads(line) for line in lines]
        return [record for record in records if stage in {"", record["stage"]}]

    def ready(self) -> dict[str, Any]:
        record: dict[str, Any] = until(self._ready_records)[0]
        assert record["result"] == "ok", self.output
        return record

    def _ready_records(self) -> list[dict[str, Any]]:
        assert self.process is not None
        found = self.records("ready")
        assert found or self.process.poll() is None, self.output
        return found

    @property
    def pid(self) -> int:
        """Its first process, as this machine counts."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(until(children.read_text).split()[0])

    def inside(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run something in the container, as `docker exec` does."""
        return subprocess.run(
            ["nsenter", "-t", str(self.pid), "-a", "-r", "-w", *command],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"},
            capture_output=True,
            text=True,
            check=False,
        )

    def ssh(self, identity: Path, *command: str) -> subprocess.CompletedProcess[str]:
        """OpenSSH's client on this machine, in the container's network."""
        facts = self.records("sshd")[0]["facts"]
        known = identity.parent / "known_hosts"
        known.write_text(f"the-node {facts['host_keys'][0]}\n")
        options = {
            "IdentityFile": identity,
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "UserKnownHostsFile": known,
            "GlobalKnownHostsFile": "none",
            "StrictHostKeyChecking": "yes",
            "HostKeyAlias": "the-node",
            "BatchMode": "yes",
            "Port": SSH_PORT,
            "User": facts["login_user"],
        }
        words = ["-F", "none", *(f"-o{name}={value}" for name, value in options.items())]
        return subprocess.run(
            ["nsenter", "-t", str(self.pid), "-n", "ssh", *words, "127.0.0.1", *command],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE_SECONDS,
        )

    def terminate(self) -> None:
        """SIGTERM to its first process, as SageMaker sends it."""
        os.kill(self.pid, signal.SIGTERM)

    def wait(self) -> int:
        assert self.process is not None
        return self.process.wait(PATIENCE_SECONDS)

    def close(self) -> None:
        """Nothing of it stays: with its first process goes the whole pid namespace."""
        if self.process is not None and self.process.poll() is None:
            with suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait()


def busybox_root(root: Path, *, sshd: bool = True) -> Path:
    """Alpine-like: busybox and its applets, no bash, no Python, no package manager; OpenSSH's programs."""
    for name in ("bin", "usr/sbin", "usr/bin", "etc", "root", "run", "tmp", "var/empty"):
        (root / name).mkdir(parents=True)
    _copy_program("busybox", root / "bin/busybox", root)
    applets = subprocess.run(["busybox", "--list"], stdout=subprocess.PIPE, check=True, text=True)
    for applet in applets.stdout.split():
        if applet != "busybox":
            (root / "bin" / applet).symlink_to("busybox")
    (root / "etc/os-release").write_text('PRETTY_NAME="busybox, Alpine-like"\n')
    # As many images have it: root's password is locked.
    (root / "etc/passwd").write_text(
        "root:x:0:0:root:/root:/bin/sh\nsshd:x:100:100::/var/empty:/bin/false\n"
    )
    (root / "etc/shadow").write_text("root:!::0:::::\nsshd:!::0:::::\n")
    (root / "etc/group").write_text("root:x:0:\ntty:x:5:\nsshd:x:100:\n")
    if sshd:
        _copy_program("/usr/sbin/sshd", root / "usr/sbin/sshd", root)
        for helper in ("sshd-session", "sshd-auth"):
            if (library := Path("/usr/lib/openssh") / helper).exists():
                _copy_program(str(library), root / str(library).lstrip("/"), root)
        _copy_program("ssh-keygen", root / "usr/bin/ssh-keygen", root)
    return root


def python_root(root: Path) -> Path:
    """The same without an SSH server, with this machine's Python, bare as it is in its own folder."""
    busybox_root(root, sshd=False)
    _copy_program(os.path.realpath(sys.executable), root / "usr/bin/python3", root)
    standard = Path(sysconfig.get_path("stdlib", vars=_UNINSTALLED))
    target = root / "usr/lib" / standard.name
    left_out = shutil.ignore_patterns("site-packages", "test", "idlelib", "__pycache__", "config-*")
    shutil.copytree(standard, target, ignore=left_out, symlinks=True)
    if dynamic := [str(library) for library in standard.rglob("*.so")]:
        _copy_libraries(dynamic, root)
    return root


# Of the Python itself, not of a virtual environment.
_UNINSTALLED = {"installed_base": sys.base_prefix}


def installed_wheels(folder: Path) -> Path:
    """The SSH server's packages, packed again as the wheels that they were installed from."""
    folder.mkdir()
    for package in PACKAGES:
        found = distribution(package)
        tags = [
            line.removeprefix("Tag: ").split("-")
            for line in (found.read_text("WHEEL") or "").splitlines()
            if line.startswith("Tag: ")
        ]
        python, abi, _ = tags[0]
        platforms = ".".join(platform for _, _, platform in tags)
        name = f"{package}-{found.version}-{python}-{abi}-{platforms}.whl"
        with zipfile.ZipFile(folder / name, "w") as wheel:
            for path in found.files or ():
                if ".." not in path.parts and path.suffix != ".pyc":
                    wheel.write(str(path.locate()), str(path))
    return folder


def _copy_program(name: str, target: Path, root: Path) -> None:
    """A program of this machine, with the libraries that it is linked to at the same places."""
    source = shutil.which(name) or name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)
    _copy_libraries([source], root)


def _copy_libraries(programs: list[str], root: Path) -> None:
    linked = subprocess.run(["ldd", *programs], stdout=subprocess.PIPE, text=True, check=False)
    for word in shlex.split(linked.stdout.replace("'", "")):
        if word.startswith("/") and not word.endswith(":"):
            library = root / word.lstrip("/")
            library.parent.mkdir(parents=True, exist_ok=True)
            if not library.exists():
                shutil.copy(word, library)
