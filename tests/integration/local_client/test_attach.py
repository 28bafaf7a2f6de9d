"""`sshq-local attach`: a session that boto3 started, stdin and stdout over it, and AWS's plugin instead."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.sandbox.ssm_service.conftest import Echo
from tests.sandbox_ssm import REGION, SSH_DOCUMENT, running_ssm
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.sandbox_ssm import RunningSsm

ATTACH = [sys.executable, "-P", "-m", "sshq_local", "attach"]
ANSWER = {"SessionId": "s-1", "StreamUrl": "wss://ssmmessages.eu-west-1.amazonaws.com/v1/x"}
SECRET = "the-session-s-token"

PLUGIN = """\
#!/bin/sh
if [ "$1" = --version ]; then echo "$FAKE_PLUGIN_VERSION"; exit; fi
printf '%s\\n' "$0" "$@" "env: $AWS_SSM_START_SESSION_RESPONSE" "ca: $SSL_CERT_FILE" "stdin: $(cat)"
"""

RESUME = f"""\
#!{sys.executable}
import json, sys, urllib.request
import boto3
client = boto3.client("ssm", endpoint_url=%r, region_name={REGION!r},
                      aws_access_key_id="A" * 20, aws_secret_access_key="secret")
answer = client.resume_session(SessionId=sys.argv[1])
print(json.dumps({{k: answer[k] for k in ("SessionId", "StreamUrl", "TokenValue")}}))
"""


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSsm]:
    with running_ssm(tmp_path_factory.mktemp("ssm")) as running:
        yield running


@pytest.fixture(scope="module")
def start_session(aws: RunningSsm) -> Iterator[Callable[[], dict[str, str]]]:
    """StartSession's answer as the AWS CLI prints it, for a node whose port echoes."""
    echo = Echo()
    server = aws.run(echo.start())
    node_id = aws.connected_node(ports={2222: echo.port})
    document = aws.document(SSH_DOCUMENT, "Session")

    def start() -> dict[str, str]:
        answer = aws.client("ssm").start_session(Target=node_id, DocumentName=document)
        return {name: answer[name] for name in ("SessionId", "StreamUrl", "TokenValue")}

    yield start
    aws.loop.call_soon_threadsafe(server.close)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "SSHQ_DATA_HOME": str(tmp_path / "data")}


class Attached:
    def __init__(self, words: list[str], environ: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [*ATTACH, *words],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )

    def say(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    def hear(self, length: int) -> bytes:
        assert self.process.stdout is not None
        data = b""
        while len(data) < length and (part := self.process.stdout.read(length - len(data))):
            data += part
        return data

    def end(self) -> tuple[int, str]:
        _, err = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, err.decode()


def test_bytes_go_through_a_session_from_a_file_and_it_is_resumed(
    aws: RunningSsm,
    start_session: Callable[[], dict[str, str]],
    environ: dict[str, str],
    tmp_path: Path,
) -> None:
    answer = start_session()
    (tmp_path / "answer.json").write_text(json.dumps(answer))
    resume = tmp_path / "resume"
    resume.write_text(RESUME % aws.aws.url)
    resume.chmod(0o700)
    words = ["--session", str(tmp_path / "answer.json"), "--resume", str(resume)]
    attached = Attached([*words, "--ca-file", str(aws.folder / "tls" / "ca.pem")], environ)
    attached.say(b"before")
    assert attached.hear(6) == b"before"
    aws.service.say_bye(answer["SessionId"])
    attached.say(b"after")
    assert attached.hear(5) == b"after"
    assert attached.end() == (0, "")


def test_the_answer_may_come_first_on_stdin(
    aws: RunningSsm, start_session: Callable[[], dict[str, str]], environ: dict[str, str]
) -> None:
    environ["SSL_CERT_FILE"] = str(aws.folder / "tls" / "ca.pem")
    attached = Attached(["--session", "-"], environ)
    attached.say(json.dumps({"a": {"b": 1}, **start_session()}).encode() + b"{at once}")
    assert attached.hear(9) == b"{at once}"
    assert attached.end() == (0, "")


def test_without_a_resume_command_a_lost_connection_is_the_end(
    aws: RunningSsm, start_session: Callable[[], dict[str, str]], environ: dict[str, str]
) -> None:
    environ["SSL_CERT_FILE"] = str(aws.folder / "tls" / "ca.pem")
    answer = start_session()
    attached = Attached(["--session", "-"], environ)
    attached.say(json.dumps(answer).encode() + b"x")
    assert attached.hear(1) == b"x"
    aws.service.tear(answer["SessionId"])
    attached.process.wait(PATIENCE_SECONDS)
    code, said = attached.end()
    assert code == 255
    assert "no --resume command" in said


def test_a_service_that_takes_no_large_messages_gets_small_ones(
    aws: RunningSsm, start_session: Callable[[], dict[str, str]], environ: dict[str, str]
) -> None:
    environ["SSL_CERT_FILE"] = str(aws.folder / "tls" / "ca.pem")
    aws.service.settings.largest_payload = 1024
    try:
        attached = Attached(["--session", "-"], environ)
        data = bytes(range(256)) * 20
        attached.say(json.dumps(start_session()).encode() + data)
        assert attached.hear(len(data)) == data
        code, said = attached.end()
    finally:
        aws.service.settings.largest_payload = 1 << 20
    assert code == 0
    assert "Large messages don't come through" in said


@pytest.mark.parametrize(
    ("content", "says"),
    [("{}", "lacks 'SessionId'"), ("[]", "not the JSON"), ("nonsense", "not the JSON")],
)
def test_what_is_no_answer_is_said(
    environ: dict[str, str], tmp_path: Path, content: str, says: str
) -> None:
    (tmp_path / "answer.json").write_text(content)
    code, said = Attached(["--session", str(tmp_path / "answer.json")], environ).end()
    assert code == 2
    assert says in said


def run_plugin(
    tmp_path: Path, environ: dict[str, str], *more: str, version: str = "1.2.764.0"
) -> subprocess.CompletedProcess[str]:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "session-manager-plugin").write_text(PLUGIN)
    (folder / "session-manager-plugin").chmod(0o755)
    answer = json.dumps({**ANSWER, "TokenValue": SECRET})
    return subprocess.run(
        [*ATTACH, "--session", "-", "--transport", "plugin", *more],
        env={**environ, "PATH": f"{folder}:{environ['PATH']}", "FAKE_PLUGIN_VERSION": version},
        input=answer + "SSH-2.0-client",
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_plugin_gets_the_answer_in_its_environment_and_never_in_its_arguments(
    environ: dict[str, str], tmp_path: Path
) -> None:
    done = run_plugin(tmp_path, environ, "--ca-file", "/ca.pem")
    name, *arguments, response, ca_file, stdin = done.stdout.splitlines()
    assert name == str(tmp_path / "bin" / "session-manager-plugin")
    assert arguments == [
        *("AWS_SSM_START_SESSION_RESPONSE", "eu-west-1", "StartSession", ""),
        *('{"Target": ""}', "https://ssm.eu-west-1.amazonaws.com"),
    ]
    assert json.loads(response.removeprefix("env: ")) == {**ANSWER, "TokenValue": SECRET}
    assert SECRET not in " ".join(arguments)
    assert (ca_file, stdin) == ("ca: /ca.pem", "stdin: SSH-2.0-client")


def test_an_old_plugin_would_show_the_token(environ: dict[str, str], tmp_path: Path) -> None:
    done = run_plugin(tmp_path, environ, version="1.2.463.0")
    assert done.returncode == 4
    assert "too old: 1.2.463.0" in done.stderr


def test_no_plugin_at_all(environ: dict[str, str], tmp_path: Path) -> None:
    if shutil.which("session-manager-plugin"):
        pytest.skip("it is installed here")
    (tmp_path / "a").write_text(json.dumps({**ANSWER, "TokenValue": SECRET}))
    words: list[Any] = ["--session", str(tmp_path / "a"), "--transport", "plugin"]
    code, said = Attached(words, environ).end()
    assert code == 4
    assert "no session-manager-plugin" in said
