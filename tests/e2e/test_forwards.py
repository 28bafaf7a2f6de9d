"""Ports, both ways, through the whole of it: `forward`, `tunnel`, and the tools made of them."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import stat
import sys
import threading
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from sshq_sandbox.free_port import free_port
from tests.e2e.conftest import LOCAL, Sandbox, through_socks
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def page() -> Iterator[int]:
    """A web page on loopback. The sandbox's machines are processes here: it is on theirs as well."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello from the machine")

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        yield server.server_port
        server.shutdown()


def fetched(address: str) -> bytes:
    with urllib.request.urlopen(f"http://{address}/", timeout=PATIENCE_SECONDS) as answer:
        body: bytes = answer.read()
        return body


def said(process: subprocess.Popen[str]) -> Any:
    assert process.stdout
    return json.loads(process.stdout.readline())


def test_a_taken_port_is_found_and_the_next_one_leads_there(
    sandbox: Sandbox, machine: str, page: int
) -> None:
    with sandbox.running(*LOCAL, "forward", machine, str(page), "--json") as forward:
        (stands,) = said(forward)["forwards"]
        assert stands["instead_of"] == page
        assert stands["listen"] != f"localhost:{page}"
        assert fetched(str(stands["listen"])) == b"hello from the machine"
    assert forward.returncode == 0
    with pytest.raises(OSError, match="refused"):
        fetched(str(stands["listen"]))


def test_a_named_port_that_is_taken_is_refused_before_anything_is_opened(
    sandbox: Sandbox, machine: str, page: int
) -> None:
    before = len(sandbox.calls("StartSession"))
    done = sandbox.run(*LOCAL, "forward", machine, f"{page}:80", "--json")
    assert done.code == 1
    error = json.loads(done.out)["error"]
    assert error["reason"] == "port-taken"
    assert f"sshq-local forward {machine} -L " in error["next"]
    assert len(sandbox.calls("StartSession")) == before


def test_the_machine_reaches_a_server_here_and_a_proxy_leaves_there(
    sandbox: Sandbox, machine: str, page: int
) -> None:
    there, proxy = free_port(), free_port()
    words = ("-R", f"{there}:{page}", "-D", str(proxy), "--json")
    with sandbox.running(*LOCAL, "forward", machine, *words) as forward:
        stands = {each["kind"]: each for each in said(forward)["forwards"]}
        assert stands["remote"]["listen"] == f"localhost:{there}"
        assert fetched(f"localhost:{there}") == b"hello from the machine"
        assert stands["dynamic"]["listen"] == f"localhost:{proxy}"
        assert through_socks(proxy, page).endswith(b"hello from the machine")


def test_two_tunnels_have_two_aliases_and_no_clash_of_host_keys(
    sandbox: Sandbox, machine: str
) -> None:
    with contextlib.ExitStack() as both:
        first = said(both.enter_context(sandbox.running(*LOCAL, "tunnel", machine, "--json")))
        second = said(both.enter_context(sandbox.running(*LOCAL, "tunnel", machine, "--json")))
        assert first["port"] != second["port"]
        for tunnel in (first, second):
            done = sandbox.ssh(str(tunnel["alias"]), "echo $TRAINING_JOB_NAME")
            assert (done.code, done.out) == (0, f"{machine}\n"), done.err
    config = (sandbox.folder / "alice" / "data" / "ssh_config").read_text()
    assert "sagemaker-training" not in config


JUPYTER = f"""#!{sys.executable}
import http.server, os, sys
if "--version" in sys.argv:
    sys.exit(0)
port = int(next(word for word in sys.argv if word.startswith("--port=")).split("=")[1])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        ok = self.headers["Authorization"] == "token " + os.environ["JUPYTER_TOKEN"]
        self.send_response(200 if ok else 403)
        self.end_headers()
    def log_message(self, *args):
        pass
http.server.HTTPServer(("127.0.0.1", port), Handler).handle_request()
"""


def test_jupyter_is_started_forwarded_and_opened_without_showing_its_token(
    sandbox: Sandbox, machine: str, tmp_path: Path
) -> None:
    """A stand-in that answers once, as Jupyter's API does; `make show-local-client` runs Jupyter."""
    program = tmp_path / "jupyter"
    program.write_text(JUPYTER)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {tmp_path}/opened\n')
    browser.chmod(0o700)
    port, here = str(free_port()), str(free_port())
    words = (
        "jupyter",
        machine,
        "--program",
        str(program),
        "--port",
        port,
        "--here",
        here,
        "--json",
    )
    environment = ("env", f"BROWSER={browser}")
    with sandbox.running(*environment, *LOCAL, *words) as service:
        stands = said(service)
        assert stands["machine"] == machine
        opened = tmp_path / "opened"
        sandbox.eventually(lambda: opened.exists() and bool(opened.read_text()), "the browser")
        file = sandbox.folder / "alice" / "data" / "pages" / f"jupyter-{here}.html"
        assert file.stat().st_mode & 0o777 == 0o600
        token = file.read_text().split("token=")[1].split('"')[0]
    shown = opened.read_text()
    assert shown == file.as_uri()
    assert len(token) == 48
    assert token not in json.dumps(stands) + shown


def test_a_program_that_is_not_there_says_how_to_get_it(sandbox: Sandbox, machine: str) -> None:
    done = sandbox.run(*LOCAL, "tensorboard", machine, "--program", "no-such-tensorboard")
    assert done.code == 4
    assert f"sshq-local exec {machine} -- pip install tensorboard" in done.err
    missing = sandbox.run(*LOCAL, "tensorboard", machine, "--program", "true", "--logdir", "/nope")
    assert missing.code == 1
    assert "/nope" in missing.err
    ends = sandbox.run(*LOCAL, "tensorboard", machine, "--program", "false")
    assert ends.code == 1
    assert "couldn't be started" in ends.err


def test_an_editor_is_opened_or_every_step_is_said(
    sandbox: Sandbox, machine: str, tmp_path: Path
) -> None:
    (tmp_path / "code").write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/opened\n')
    (tmp_path / "code").chmod(0o700)
    path = ("env", f"PATH={tmp_path}:{os.environ['PATH']}")
    done = sandbox.run(*path, *LOCAL, "code", machine, "/opt/my code")
    assert done.code == 0, done.err
    assert (tmp_path / "opened").read_text() == f"--remote ssh-remote+{machine} /opt/my code\n"
    absent = sandbox.run(*LOCAL, "cursor", machine, "/opt/my code", "--json")
    answer = json.loads(absent.out)
    assert (absent.code, answer["opened"]) == (4, False)
    assert answer["link"] == f"cursor://vscode-remote/ssh-remote+{machine}/opt/my%20code"
    assert "Connect to Host" in answer["steps"]
    assert sandbox.run(*LOCAL, "code", machine, "relative").code == 2
    pycharm = sandbox.run(*LOCAL, "pycharm", machine)
    assert pycharm.code == 0
    assert "ssh-add -t" in pycharm.out
