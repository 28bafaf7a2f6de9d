"""The agent as a job's container runs it: a process of its own, with a real sshd behind it."""

from __future__ import annotations

import asyncio
import getpass
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sshq_sandbox.free_port import free_port
from tests.sandbox_ssm import REGION, DataChannelClient, RunningSsm
from tests.waiting import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")


class AgentProcess:
    def __init__(self, aws: RunningSsm, folder: Path, ports: str = "") -> None:
        self.state = folder / "agent"
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "AWS_ENDPOINT_URL": aws.aws.url,
            "AMAZON_SSM_STATE": str(self.state),
            "SSL_CERT_FILE": str(aws.folder / "tls" / "ca.pem"),
            "SANDBOX_PORT_MAP": ports,
        }

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sshq_sandbox.agent", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def register(self, activation: dict[str, str]) -> subprocess.CompletedProcess[str]:
        code, identifier = activation["ActivationCode"], activation["ActivationId"]
        return self.call("-register", "-y", "-code", code, "-id", identifier, "-region", REGION)

    def node_id(self) -> str:
        return str(json.loads((self.state / "registration").read_text())["ManagedInstanceID"])

    def serve(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", "sshq_sandbox.agent"], env=self._environment)


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """(port, private key that it lets in)"""
    if SSHD is None:
        pytest.skip("OpenSSH's sshd isn't installed")
    for name in ("host", "user"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)], check=True
        )
    port = free_port()
    configuration = tmp_path / "sshd_config"
    configuration.write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {tmp_path / 'host'}\n"
        f"AuthorizedKeysFile {tmp_path / 'user.pub'}\nStrictModes no\nUsePAM no\n"
        f"PidFile none\nPasswordAuthentication no\n"
    )
    process = subprocess.Popen(
        [SSHD, "-D", "-e", "-f", str(configuration)], stderr=subprocess.DEVNULL
    )

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        until(listens)
        yield port, tmp_path / "user"
    finally:
        process.terminate()
        process.wait()


async def bridge(access: dict[str, str], ca_file: str) -> tuple[asyncio.Server, int]:
    """A local port whose one connection goes through the session's data channel."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = DataChannelClient(ca_file)
        await client.connect(access["StreamUrl"], access["TokenValue"])

        async def down() -> None:
            while client.channel.end is None:
                await client.until(lambda: bool(client.received) or client.channel.end is not None)
                writer.write(bytes(client.received))
                client.received.clear()
                await writer.drain()

        returning = asyncio.create_task(down())
        while data := await reader.read(1 << 15):
            await client.send(data)
        await client.finish()
        await client.until(lambda: client.channel.end is not None)
        await returning
        await client.disconnect()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


@pytest.mark.sshd
def test_ssh_reaches_sshd_through_the_agent(
    aws: RunningSsm, sshd: tuple[int, Path], tmp_path: Path, document: str
) -> None:
    port, key = sshd
    agent = AgentProcess(aws, tmp_path, ports=f"2222={port}")
    ssm = aws.client("ssm")
    ssm.update_service_setting(
        SettingId="/ssm/managed-instance/activation-tier", SettingValue="advanced"
    )
    registered = agent.register(aws.activate())
    assert registered.returncode == 0, registered.stderr
    assert agent.node_id() in registered.stdout

    process = agent.serve()
    try:
        until(lambda: aws.service.is_connected(agent.node_id()))
        session = ssm.start_session(Target=agent.node_id(), DocumentName=document)
        server, local = aws.run(bridge(session, str(aws.folder / "tls" / "ca.pem")))
        answer = subprocess.run(
            [
                *("ssh", "-F", "none", "-i", str(key), "-p", str(local)),
                *("-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={tmp_path}/known"),
                *("-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR"),
                f"{getpass.getuser()}@127.0.0.1",
                "sha256sum && echo through",
            ],
            input=b"x" * 2_000_000,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        aws.loop.call_soon_threadsafe(server.close)
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout.endswith(b"through\n")
        assert answer.stdout.split()[0] == (
            # The digest of two million times "x".
            hashlib.sha256(b"x" * 2_000_000).hexdigest().encode()
        )
    finally:
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0
    until(lambda: not aws.service.is_connected(agent.node_id()))


def test_the_agent_comes_back_after_the_hourly_bye(aws: RunningSsm, node_id: str) -> None:
    control = aws.service._controls[node_id]
    aws.service.say_bye()
    until(lambda: aws.service._controls.get(node_id) not in {None, control})


def test_a_refused_registration_is_told(aws: RunningSsm, tmp_path: Path) -> None:
    agent = AgentProcess(aws, tmp_path)
    refused = agent.register({"ActivationCode": "x" * 20, "ActivationId": "0" * 36})
    assert refused.returncode == 1
    assert "InvalidActivation: Activation ID or code is invalid." in refused.stderr


def test_an_unregistered_agent_does_not_serve(aws: RunningSsm, tmp_path: Path) -> None:
    agent = AgentProcess(aws, tmp_path)
    refused = agent.call()
    assert refused.returncode == 1
    assert "isn't registered" in refused.stderr


def test_wrong_use_and_the_version(aws: RunningSsm, tmp_path: Path) -> None:
    agent = AgentProcess(aws, tmp_path)
    assert agent.call("-nonsense").returncode == 2
    assert agent.call("-register", "-y").returncode == 2
    assert agent.call("-version").stdout == "SSM Agent version: 3.3.1142.0\n"


def test_an_identity_is_replaced_only_when_asked(aws: RunningSsm, tmp_path: Path) -> None:
    agent = AgentProcess(aws, tmp_path)
    activation = aws.activate(RegistrationLimit=2)
    assert agent.register(activation).returncode == 0
    first = agent.node_id()
    code, identifier = activation["ActivationCode"], activation["ActivationId"]
    again = agent.call("-register", "-code", code, f"-id={identifier}", "-region", REGION)
    assert again.returncode == 1
    assert agent.node_id() == first
    assert agent.register(activation).returncode == 0
    assert agent.node_id() != first
    assert (agent.state / "identity.json").stat().st_mode & 0o077 == 0
