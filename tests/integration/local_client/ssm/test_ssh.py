"""OpenSSH on both ends: ssh's ProxyCommand is our shell, behind the agent is a real sshd."""

from __future__ import annotations

import getpass
import hashlib
import os
import shlex
import shutil
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from sshq_sandbox.free_port import free_port
from tests.sandbox_ssm import REGION, SSH_DOCUMENT, RunningSsm, running_ssm
from tests.waiting import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

PROXY_COMMAND = """
import sys
from pathlib import Path
from sshq_local.ssm.proxy import run
from sshq_local.ssm.settings import SessionAccess, Settings
ca_file, endpoint, region, session_id, stream_url, token = sys.argv[1:]
def resume(session_id):
    import boto3
    ssm = boto3.client("ssm", endpoint_url=endpoint, region_name=region,
                       aws_access_key_id="A" * 20, aws_secret_access_key="secret")
    answer = ssm.resume_session(SessionId=session_id)
    return SessionAccess(session_id, answer["StreamUrl"], answer["TokenValue"])
sys.exit(run(lambda: SessionAccess(session_id, stream_url, token), resume, end=None,
             ca_file=Path(ca_file), stdin_fd=0, stdout_fd=1, settings=Settings(handshake_timeout=60)))
"""

pytestmark = [
    pytest.mark.sshd,
    pytest.mark.skipif(SSHD is None, reason="OpenSSH's sshd is not installed"),
]


def keygen(path: Path) -> str:
    """A new Ed25519 key pair; its public half."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
    subprocess.run(command, check=True)
    return path.with_suffix(".pub").read_text()


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ssh")


@pytest.fixture(scope="module")
def sshd_port(folder: Path) -> Iterator[int]:
    assert SSHD is not None
    host_key = keygen(folder / "host_key")
    (folder / "authorized_keys").write_text(keygen(folder / "user_key"))
    port = free_port()
    (folder / "known_hosts").write_text(f"node {host_key}")
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host_key\nUsePAM no\n"
        f"AuthorizedKeysFile {folder}/authorized_keys\nStrictModes no\nPidFile none\n"
        "PermitRootLogin prohibit-password\n"
    )
    server = subprocess.Popen(
        [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")], stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: is_listening(port))
        yield port
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSsm]:
    with running_ssm(tmp_path_factory.mktemp("ssm")) as running:
        yield running


@pytest.fixture(scope="module")
def node_id(aws: RunningSsm, sshd_port: int) -> str:
    return aws.connected_node(ports={2222: sshd_port})


@pytest.fixture(scope="module")
def document(aws: RunningSsm) -> str:
    return aws.document(SSH_DOCUMENT, "Session")


class Ssh:
    """ssh through one new session."""

    def __init__(self, aws: RunningSsm, node_id: str, document: str, folder: Path) -> None:
        started = aws.client("ssm").start_session(Target=node_id, DocumentName=document)
        self.session_id = str(started["SessionId"])
        ca_file = str(aws.folder / "tls" / "ca.pem")
        words = [sys.executable, "-c", PROXY_COMMAND, ca_file, aws.aws.url, REGION]
        words += [self.session_id, started["StreamUrl"], started["TokenValue"]]
        proxy = shlex.join(words).replace("%", "%%")
        options = {
            "ProxyCommand": proxy,
            "IdentityFile": f"{folder}/user_key",
            "IdentitiesOnly": "yes",
            "UserKnownHostsFile": f"{folder}/known_hosts",
            "StrictHostKeyChecking": "yes",
            "HostKeyAlias": "node",
            "BatchMode": "yes",
        }
        self._command = ["ssh", "-F", "none", "-T"]
        for name, value in options.items():
            self._command += ["-o", f"{name}={value}"]
        self._command.append(f"{getpass.getuser()}@node")

    def run(self, command: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*self._command, command],
            input=data,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )


@pytest.fixture
def ssh(aws: RunningSsm, node_id: str, document: str, folder: Path) -> Ssh:
    return Ssh(aws, node_id, document, folder)


def test_a_command_runs_and_its_exit_code_comes_back(ssh: Ssh) -> None:
    done = ssh.run("echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, b"out\n", b"err\n")


def test_the_session_is_over_when_ssh_is(aws: RunningSsm, ssh: Ssh) -> None:
    assert ssh.run("true").returncode == 0
    ssm = aws.client("ssm")
    filters = [{"key": "SessionId", "value": ssh.session_id}]
    until(lambda: bool(ssm.describe_sessions(State="History", Filters=filters)["Sessions"]))


def test_data_goes_both_ways_unharmed_over_the_service_s_goodbyes(
    aws: RunningSsm, ssh: Ssh
) -> None:
    data = os.urandom(3 * 1024 * 1024)
    stop = threading.Event()

    def say_bye_again_and_again() -> None:
        # Not without end: on a slow machine nothing would get through between two of them.
        for _ in range(8):
            if stop.wait(0.4):
                return
            aws.service.say_bye(ssh.session_id)

    thread = threading.Thread(target=say_bye_again_and_again)
    thread.start()
    try:
        done = ssh.run("cat", data)
    finally:
        stop.set()
        thread.join()
    assert done.returncode == 0, done.stderr
    assert hashlib.sha256(done.stdout).digest() == hashlib.sha256(data).digest()
