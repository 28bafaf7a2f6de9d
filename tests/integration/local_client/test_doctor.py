"""Each thing that can be wrong is broken for real, and the doctor names it first."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import StreamRequestHandler, ThreadingTCPServer
from time import time
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from sshq_local.doctor.examination import CHECKS
from sshq_local.doctor.findings import Finding, Verdict
from sshq_local.doctor.machine import glibc
from sshq_local.doctor.network import check_network
from sshq_local.ssm.dial import Target
from tests.integration.local_client.conftest import health

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

JOB = "sshq-alice-gpu-abcdefgh"


def examined(run: Any, *words: str, **more: str) -> dict[str, Any]:
    done = run("doctor", *words, "--json", **more)
    answer: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (1 if answer["failing"] else 0), done.stderr
    assert sorted(check["check"] for check in answer["checks"]) == sorted(CHECKS)
    return answer


def _no_ssh(folder: Path, _api: Any) -> dict[str, str]:
    return {"PATH": str(folder)}


def _bad_line(folder: Path, _api: Any) -> None:
    with (folder / "config").open("a") as config:
        config.write("BogusOption yes\n")


def _no_include(folder: Path, _api: Any) -> None:
    (folder / "config").write_text("Host other\n")


def _late_include(folder: Path, _api: Any) -> None:
    config = folder / "config"
    config.write_text("Host *\n  HostKeyAlias theirs\n\nMatch all\n" + config.read_text())


def _program_gone(folder: Path, _api: Any) -> None:
    own = folder / "data" / "ssh_config"
    own.write_text(own.read_text().replace("ProxyCommand /", "ProxyCommand /gone/"))


def _nobody_listens(folder: Path, _api: Any) -> None:
    lease = folder / "data" / "leases" / "lease1" / "lease.json"
    facts = json.loads(lease.read_text())
    lease.write_text(json.dumps(facts | {"api": "http://127.0.0.1:9"}))


def _clock(_folder: Path, api: Any) -> None:
    api.trouble = [lambda _: (401, {"Date": formatdate(time() - 3600, usegmt=True)}, b"{}")]


def _lease_over(_folder: Path, api: Any) -> None:
    api.ended = True


def _job_over(_folder: Path, api: Any) -> None:
    api.health = health("failed")


def _as_it_is(_folder: Path, _api: Any) -> None:
    """The small access API's StreamUrl leads nowhere."""


@pytest.mark.parametrize(
    ("damage", "failing"),
    [
        (_no_ssh, "ssh"),
        (_program_gone, "program"),
        (_bad_line, "config"),
        (_no_include, "include"),
        (_late_include, "include"),
        (_nobody_listens, "api"),
        (_clock, "clock"),
        (_lease_over, "lease"),
        (_job_over, "job"),
        (_as_it_is, "channel"),
    ],
)
def test_what_is_broken_is_named_with_its_mend(
    api: Any,
    run: Any,
    tmp_path: Path,
    damage: Callable[[Path, Any], dict[str, str] | None],
    failing: str,
) -> None:
    assert run("connect", api.ticket, "--no-shell").returncode == 0
    answer = examined(run, JOB, **(damage(tmp_path, api) or {}))
    assert answer["failing"] == failing, answer
    checks = {check["check"]: check for check in answer["checks"]}
    assert checks[failing]["verdict"] == "failed"
    assert checks[failing]["what"]
    assert checks[failing]["next"]
    after = CHECKS[CHECKS.index(failing) + 1 :]
    assert {checks[name]["verdict"] for name in after if name in checks} <= {"skipped", "ok"}


def test_a_person_reads_the_failing_stage_and_what_to_do(api: Any, run: Any) -> None:
    run("connect", api.ticket, "--no-shell")
    api.ended = True
    done = run("doctor")
    assert done.returncode == 1
    assert "FAIL  lease     This lease has ended." in done.stdout
    assert "→ Ask: /sshq connect" in done.stdout
    assert done.stdout.endswith("What keeps you out: lease.\n")
    assert "-    channel" in done.stdout
    chinese = run("doctor", JOB, SSHQ_LANG="zh").stdout
    assert "妨碍你进入的是：lease。" in chinese


def test_without_a_lease_it_looks_at_what_there_is(run: Any) -> None:
    answer = examined(run)
    assert answer["failing"] is None
    assert {check["verdict"] for check in answer["checks"]} == {"ok", "skipped"}
    assert examined(run, "nobody")["failing"] == "lease"


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("glibc 2.36\n", Verdict.OK),
        ("glibc 2.28\n", Verdict.OK),
        ("glibc 2.17\n", Verdict.WARNING),
        ("ldd (Ubuntu GLIBC 2.31-0ubuntu9.9) 2.31\nCopyright (C) 2020\n", Verdict.OK),
        ("ldd (GNU libc) 2.26\n", Verdict.WARNING),
        ("musl libc (x86_64)\nVersion 1.2.4\n", Verdict.WARNING),
        ("", Verdict.WARNING),
    ],
)
def test_the_c_library_that_vs_code_wants(said: str, verdict: Verdict) -> None:
    assert glibc(said).verdict is verdict


HOST = "api.example"
CREDENTIALS = "dXNlcjpwYTpzcw=="  # user:pa:ss


class _Proxy(StreamRequestHandler):
    """A web proxy that wants a password; whatever is asked for, it leads to the server behind it."""

    def handle(self) -> None:
        head = [self.rfile.readline()]
        while head[-1].strip():
            head.append(self.rfile.readline())
        if not any(CREDENTIALS in line.decode() for line in head):
            self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            return
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        behind = self.server.behind  # type: ignore[attr-defined]
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", behind)) as there:
            threading.Thread(target=_pump, args=(there, self.connection), daemon=True).start()
            _pump(self.connection, there)


def _pump(source: Any, goal: Any) -> None:
    with contextlib.suppress(OSError):
        while block := source.recv(65536):
            goal.sendall(block)


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[int]:
    """An HTTPS server for HOST; its CA is in ca.pem."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(context)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    proxy = ThreadingTCPServer(("127.0.0.1", 0), _Proxy)
    proxy.behind = server.server_port  # type: ignore[attr-defined]
    threads = [
        threading.Thread(target=each.serve_forever, args=(0.05,)) for each in (server, proxy)
    ]
    for thread in threads:
        thread.start()
    yield int(proxy.server_address[1])
    for each in (server, proxy):
        each.shutdown()
        each.server_close()
    for thread in threads:
        thread.join()


def network(environ: dict[str, str], ca_file: Path | None) -> dict[str, Finding]:
    target = Target(secure=True, host=HOST, port=443, authority=HOST, path="/")
    return {finding.check: finding for finding in check_network(target, ca_file, environ)}


def test_a_proxy_with_a_password_leads_on_and_the_password_isn_t_shown(
    behind: int, tmp_path: Path
) -> None:
    found = network({"HTTPS_PROXY": f"http://user:pa%3Ass@127.0.0.1:{behind}"}, tmp_path / "ca.pem")
    assert {name: finding.verdict.value for name, finding in found.items()} == {
        "dns": "skipped",
        "proxy": "ok",
        "ca": "ok",
        "api": "ok",
        "clock": "ok",
    }
    assert "pa" not in found["proxy"].what.replace("password", "")
    assert f"127.0.0.1:{behind}" in found["proxy"].what


@pytest.mark.parametrize(
    ("proxy", "failing", "says"),
    [
        ("http://127.0.0.1:{port}", "proxy", "407"),
        ("http://user:secret@127.0.0.1:{port}", "proxy", "407"),
        ("http://127.0.0.1:9", "proxy", "refused"),
        ("socks5://127.0.0.1", "proxy", "HTTPS_PROXY"),
    ],
)
def test_a_proxy_that_does_not_lead_on_is_named(
    behind: int, tmp_path: Path, proxy: str, failing: str, says: str
) -> None:
    found = network({"HTTPS_PROXY": proxy.format(port=behind)}, tmp_path / "ca.pem")
    assert found[failing].verdict is Verdict.FAILED
    assert says in found[failing].what
    assert "secret" not in found[failing].what + found[failing].next


def test_a_certificate_that_is_not_trusted_is_the_ca_s_fault(behind: int) -> None:
    found = network({"HTTPS_PROXY": f"http://user:pa%3Ass@127.0.0.1:{behind}"}, None)
    assert (found["proxy"].verdict, found["ca"].verdict) == (Verdict.OK, Verdict.FAILED)
    assert "--ca-file" in found["ca"].next


def test_a_403_is_somebody_elses_such_as_api_gateways_in_china() -> None:
    class Refuses(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"message":"Forbidden"}'
            self.send_response(403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refuses) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        host, port = "127.0.0.1", server.server_port
        target = Target(secure=False, host=host, port=port, authority=f"{host}:{port}", path="/")
        found = list(check_network(target, None, {}))
        server.shutdown()
        thread.join()

    assert (found[-1].check, found[-1].verdict) == ("api", Verdict.FAILED)
    assert "ICP" in found[-1].next


def test_a_name_that_nobody_knows_is_dns_s_fault() -> None:
    target = Target(secure=True, host="sshq.invalid", port=443, authority="sshq.invalid", path="/")
    (found,) = check_network(target, None, {})
    assert (found.check, found.verdict) == ("dns", Verdict.FAILED)
