"""A small access API on loopback: it checks each signature with the general RFC 9421 library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    SSHCertificateBuilder,
    SSHCertificateType,
    load_ssh_public_key,
)
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    algorithms,
)

from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TICKET = "7ZK3M9QWERTY0123456789ABCDEFGHJK"
JOB = "sshq-alice-gpu-abcdefgh"
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGh0dHBzOi8vZXhhbXBsZS5jb20vYS1ob3N0LWtleSEh"


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder with a short name, as a laptop's home has: a socket may have some 100 bytes."""
    with tempfile.TemporaryDirectory(prefix="sshq-") as folder:
        yield Path(folder)


@dataclass(frozen=True)
class SignedRequest:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def url(self) -> str:
        return f"https://sshq.invalid{self.path}"


class _Keys(HTTPSignatureKeyResolver):
    def __init__(self, line: str) -> None:
        self._line = line

    def resolve_public_key(self, key_id: str) -> Any:
        return load_ssh_public_key(self._line.encode())


class _Verifier(HTTPMessageVerifier):
    max_clock_skew = timedelta(days=40_000)


Answer = tuple[int, dict[str, str], bytes]


def health(verdict: str) -> dict[str, Any]:
    """What the access API says of the job: one check, of this verdict."""
    check = {"name": "job", "verdict": verdict, "code": "c", "what": "The job.", "next": "Wait."}
    return {"job": JOB, "job_state": "ready", "checks": [check]}


@dataclass
class FakeApi:
    """certificate_life: seconds. trouble: called with each request once; an Answer replaces the real
    one, "drop" closes the connection after the effect, None lets it pass."""

    port: int = 0
    certificate_life: int = 36_000
    lease_life: int = 36_000
    requests: list[tuple[str, str]] = field(default_factory=list)
    trouble: list[Callable[[SignedRequest], Answer | str | None]] = field(default_factory=list)
    redeemed_by: str = ""
    host_key: str = HOST_KEY
    login_user: str = "root"
    ended: bool = False
    health: dict[str, Any] = field(default_factory=lambda: health("ok"))
    nonces: set[str] = field(default_factory=set)
    ca: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def ticket(self) -> str:
        return f"127.0.0.1:{self.port}/{TICKET}"

    def answer(self, request: SignedRequest) -> Answer | str:
        with self.lock:
            self.requests.append((request.method, request.path))
            spoiled = self.trouble.pop(0)(request) if self.trouble else None
            if spoiled is not None and spoiled != "drop":
                return spoiled
            real = self._answer(request)
            return spoiled or real

    def _answer(self, request: SignedRequest) -> Answer:
        body = json.loads(request.body or b"{}")
        redeeming = request.path == "/v1/redeem"
        key = body.get("public_key", "") if redeeming else self.redeemed_by
        parameters = _checked(request, key)
        if parameters is None or parameters["nonce"] in self.nonces:
            return _problem(401, "bad-signature", "The signature is wrong.", "")
        self.nonces.add(parameters["nonce"])
        if abs(parameters["created"] - time.time()) > 300:
            return _problem(401, "clock-skew", "The clocks differ.", "")
        if redeeming:
            return self._redeem(parameters["keyid"], body["ticket"], key)
        if parameters["keyid"] != "lease1" or self.ended:
            return _problem(410, "lease-ended", "This lease has ended.", "Ask: /sshq connect")
        return self._leased(request, body)

    def _redeem(self, key_id: str, code: str, key: str) -> Answer:
        if key_id != "redeem" or code != TICKET or self.redeemed_by not in {"", key}:
            return _problem(404, "ticket-unusable", "This ticket can't be used.", "Ask anew.")
        self.redeemed_by = key
        return _json(200, {**self._lease(), "certificate": self._certificate()})

    def _leased(self, request: SignedRequest, body: dict[str, Any]) -> Answer:
        call = (request.method, request.path.removeprefix("/v1/leases/lease1"))
        if call == ("POST", "/sessions") and body != {"rank": 0}:
            return _problem(404, "unknown-node", "There is no such node.", "")
        self.ended = call in {("DELETE", ""), ("POST", "/stop")}
        answers: dict[tuple[str, str], Callable[[], Answer]] = {
            ("GET", ""): lambda: _json(
                200, {**self._lease(), "job_state": "ready", "cost_so_far": 1.5, "currency": "CNY"}
            ),
            ("GET", "/health"): lambda: _json(200, self.health),
            ("DELETE", ""): lambda: (204, {}, b""),
            ("POST", "/stop"): lambda: _json(200, {"job": JOB, "state": "stopping"}),
            ("POST", "/certificate"): lambda: _json(200, {"certificate": self._certificate()}),
            ("POST", "/sessions"): lambda: _json(
                201, {"id": "s-1", "stream_url": "wss://x", "token": "t"}
            ),
            ("GET", "/sessions"): lambda: _json(
                200,
                {
                    "sessions": [
                        {
                            "id": "s-1",
                            "rank": 0,
                            "node": "mi-0a",
                            "started_at": "2026-11-22T12:00:00Z",
                        }
                    ]
                },
            ),
            ("POST", "/sessions/s-1/resume"): lambda: _json(
                200, {"stream_url": "wss://y", "token": "u"}
            ),
            ("DELETE", "/sessions/s-1"): lambda: (204, {}, b""),
        }
        return answers[call]()

    def _lease(self) -> dict[str, Any]:
        expires_at = datetime.now(UTC) + timedelta(seconds=self.lease_life)
        node = {"rank": 0, "alias": JOB, "id": "mi-0a", "host_keys": [self.host_key]}
        return {
            "id": "lease1",
            "job": JOB,
            "owner": "T1/U1",
            "expires_at": expires_at.isoformat(),
            "nodes": [node],
            "login_user": self.login_user,
            "ports": {"ssh": 2222},
        }

    def _certificate(self) -> str:
        public_key = load_ssh_public_key(self.redeemed_by.encode())
        assert isinstance(public_key, Ed25519PublicKey)
        now = int(time.time())
        builder = SSHCertificateBuilder().public_key(public_key).type(SSHCertificateType.USER)
        builder = builder.key_id(b"T1/U1").valid_principals([JOB.encode()])
        builder = builder.valid_after(now - 60).valid_before(now + self.certificate_life)
        return builder.sign(self.ca).public_bytes().decode()


@pytest.fixture
def api() -> Iterator[FakeApi]:
    state = FakeApi()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = state.answer(SignedRequest(self.command, self.path, dict(self.headers), body))
            if isinstance(answer, str):
                self.close_connection = True
                return
            status, headers, content = answer
            self.send_response_only(status)
            for name, value in {"Date": self.date_time_string(), **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Run sshq-local in an environment of its own; gives the finished process."""
    (tmp_path / "config").write_text("Host other\n  User someone\n")
    environ = {
        "PATH": os.environ["PATH"],
        "SSHQ_DATA_HOME": str(tmp_path / "data"),
        "SSHQ_SSH_CONFIG": str(tmp_path / "config"),
    }

    def start(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-m", "sshq_local", *words],
            env={**environ, **more},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE_SECONDS,
        )

    return start


def _checked(request: SignedRequest, key: str) -> dict[str, Any] | None:
    try:
        results = _Verifier(signature_algorithm=algorithms.ED25519, key_resolver=_Keys(key)).verify(
            request,
            max_age=None,
            require_components=("@method", "@path", "content-digest"),
            body=request.body,
        )
    except (HTTPMessageSignaturesException, ValueError):
        return None
    return dict(results[0].parameters)


def _json(status: int, value: dict[str, Any]) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


def _problem(status: int, reason: str, detail: str, next_step: str) -> Answer:
    document = {"type": f"urn:sshq:refusal:{reason}", "detail": detail, "next": next_step}
    return status, {"Content-Type": "application/problem+json"}, json.dumps(document).encode()
