"""Jupyter, TensorBoard, VNC: started on a machine unless it runs, forwarded here, and opened."""

from __future__ import annotations

import http.client
import shlex
import socket
import subprocess
import sys
import time
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from sshq_local.atomic_write import write_atomically
from sshq_local.carrying import carried, wait_for_the_end
from sshq_local.errors import Exit, Reason, Refusal, refusal
from sshq_local.forwards import Forward, Kind, choose_ports
from sshq_local.installation import this_installation
from sshq_local.language import text
from sshq_local.lease_store import LeaseStore
from sshq_local.leased import refused_meanwhile, ssh_command
from sshq_local.output import say, say_json
from sshq_local.ports import is_free, port_number
from sshq_local.private_folder import make_private_folder
from sshq_local.programs import find_program
from sshq_local.progress import Progress
from sshq_local.ssh_client import find_ssh

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from sshq_local.installation import Installation
    from sshq_local.lease import Node

_SCRIPT = Path(__file__).parent / "remote" / "service.sh"
_NO_PROGRAM, _NO_FOLDER = 127, 66
_PATIENCE = 60.0
"""Seconds for a service to answer: Jupyter's first start on a cold disk takes most of them."""
_PAUSE = 0.3


@dataclass(frozen=True)
class Service:
    """port: on the machine. answers: whether the service speaks on a local port, given its token.

    page: what is opened in a browser, empty for none; token_in_page: it wants the token.
    install: what puts the program there.
    """

    name: str
    title: str
    port: int
    program: str
    install: str
    answers: Callable[[int, str], bool]
    page: str = ""
    token_in_page: bool = False


def add_arguments(parser: argparse.ArgumentParser, service: Service) -> None:
    parser.add_argument("job", metavar="JOB", help=text("help.job"))
    parser.add_argument(
        "--port",
        type=port_number,
        default=service.port,
        metavar="PORT",
        help=text("help.service.port"),
    )
    parser.add_argument("--here", type=port_number, metavar="PORT", help=text("help.service.here"))
    parser.add_argument(
        "--program",
        default=service.program,
        metavar="PATH",
        help=text("help.service.program"),
    )
    parser.add_argument("--no-open", action="store_true", help=text("help.service.no-open"))
    parser.add_argument("--json", action="store_true", help=text("help.forward.json"))


def open_service(service: Service, arguments: argparse.Namespace, *, folder: str) -> int:
    """Start, forward, wait until it answers, open, and stay until Ctrl-C. Raises Refusal."""
    installation = this_installation()
    store = LeaseStore(installation.data)
    lease, node = store.find(arguments.job)
    progress = Progress(quiet=arguments.json)
    with progress.stage(text("tools.starting", title=service.title, alias=node.alias)):
        started = time.time()
        try:
            running = _started(service, installation, node, arguments, folder)
        except Refusal as failed:
            if failed.exit_code is Exit.SSH_FAILED:
                raise refused_meanwhile(lease, store, since=started) or failed from failed
            raise
    here = arguments.here or running.port
    asked = Forward(Kind.LOCAL, here, host_port=running.port, named=arguments.here is not None)
    (forward,) = choose_ports(
        [asked],
        is_free,
        offer=lambda free: f"sshq-local {service.name} {node.alias} --here {free.port}",
    )
    with carried(installation, lease, node, [forward], progress) as ssh:
        with progress.stage(text("tools.waiting", title=service.title)):
            _wait(service, forward.port, running, node.alias, ssh)
        scheme = "http" if service.page else "vnc"
        url = f"{scheme}://localhost:{forward.port}{service.page}"
        file = installation.data / "pages" / f"{service.name}-{forward.port}.html"
        page = _page(service, url, running.token, file)
        if arguments.json:
            facts = {"machine": node.alias, "url": url, "open": page}
            say_json(facts | {"instead_of": forward.wanted or None})
        else:
            say(text("tools.stands", title=service.title, url=url, alias=node.alias))
            if forward.wanted:
                say(text("forward.instead", wanted=forward.wanted))
        if arguments.no_open or not _open(service, page, forward.port):
            progress.say(text("tools.open-yourself", page=page))
        progress.say(text("tools.until", title=service.title))
        try:
            return wait_for_the_end(ssh)
        finally:
            file.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Running:
    """What service.sh said. The token is a secret: it goes into a file, not onto the screen."""

    port: int
    token: str
    log: str


def _started(
    service: Service,
    installation: Installation,
    node: Node,
    arguments: argparse.Namespace,
    folder: str,
) -> _Running:
    words = ["sh", "-s", "--", service.name, str(arguments.port), arguments.program, folder]
    done = subprocess.run(
        [*ssh_command(installation, find_ssh()), "-T", node.alias, shlex.join(words)],
        input=_SCRIPT.read_bytes(),
        capture_output=True,
        check=False,
    )
    if done.returncode == _NO_PROGRAM:
        raise refusal(
            Reason.TOOL_MISSING,
            "tools.not-there",
            title=service.title,
            program=arguments.program,
            alias=node.alias,
            install=f"sshq-local exec {node.alias} -- {service.install}",
            exit_code=Exit.SSH_MISSING,
        )
    if done.returncode == _NO_FOLDER:
        raise refusal(Reason.BAD_PATH, "tools.no-folder", folder=repr(folder), alias=node.alias)
    facts = dict(
        line.split("=", 1)
        for line in done.stdout.decode(errors="replace").splitlines()
        if "=" in line
    )
    try:
        port = port_number(facts.get("port", ""))
    except ValueError:
        port = 0
    if done.returncode != 0 or not port:
        why = done.stderr.decode(errors="replace").strip().splitlines()
        raise refusal(
            Reason.TOOL_FAILED,
            "tools.not-started",
            title=service.title,
            why=why[-1] if why else done.returncode,
            alias=node.alias,
            exit_code=Exit.SSH_FAILED if done.returncode == Exit.SSH_FAILED else Exit.REFUSED,
        )
    return _Running(port, facts.get("token", ""), facts.get("log", ""))


def _wait(
    service: Service, port: int, running: _Running, alias: str, ssh: subprocess.Popen[bytes]
) -> None:
    until = time.monotonic() + _PATIENCE
    while not service.answers(port, running.token):
        if ssh.poll() is not None:
            raise refusal(
                Reason.FORWARD_FAILED,
                "forward.failed",
                code=ssh.returncode,
                exit_code=Exit.SSH_FAILED,
            )
        if time.monotonic() > until:
            raise refusal(
                Reason.TOOL_FAILED,
                "tools.no-answer",
                title=service.title,
                log=f"sshq-local exec {alias} -- tail {running.log}",
            )
        time.sleep(_PAUSE)


def _open(service: Service, page: str, port: int) -> bool:
    return webbrowser.open(page) if service.page else _open_viewer(port, page)


def _page(service: Service, url: str, token: str, file: Path) -> str:
    """What is to be opened: the URL, or `file`, made here, that leads to it with the token.

    Only we can read that file; on a command line or a screen others could read the token.
    """
    if not service.token_in_page:
        return url
    make_private_folder(file.parent)
    # Quoted: it comes from the machine, and this page is opened as a file of this computer.
    refresh = f'<meta http-equiv="refresh" content="0;url={url}?token={quote(token, safe="")}">'
    write_atomically(file, f"<!doctype html>{refresh}<title>{service.title}</title>".encode())
    return file.as_uri()


def _open_viewer(port: int, url: str) -> bool:
    """A VNC viewer: macOS has one; elsewhere most are called vncviewer."""
    viewer = find_program("vncviewer", {})
    if viewer:
        command = [viewer, f"localhost::{port}"]
    elif sys.platform == "darwin":
        command = ["open", url]
    else:
        return False
    subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return True


def http_answers(path: str) -> Callable[[int, str], bool]:
    """Whether an HTTP server on a local port answers 200 to `path`, with the token if it has one."""

    def answers(port: int, token: str) -> bool:
        connection = http.client.HTTPConnection("localhost", port, timeout=5)
        try:
            connection.request("GET", path, headers={"Authorization": f"token {token}"})
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return answers


def vnc_answers(port: int, token: str) -> bool:  # noqa: ARG001 - loopback and SSH are its only locks
    """Whether a VNC server greets on a local port (RFC 6143, section 7.1.1)."""
    try:
        with socket.create_connection(("localhost", port), timeout=5) as connection:
            return connection.recv(4) == b"RFB "
    except OSError:
        return False
