"""The access API's function on services in memory, as a WSGI application: API Gateway in small."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sshq.domain.keys import key_fingerprint
from sshq_local.signing import signature_headers
from sshq_sandbox.lambda_host.http_events import HttpRequest, to_answer, to_event
from sshq_sandbox.lambda_host.template import HttpRoute
from tests.core_broker import a_ticket, ready_job
from tests.core_services import ALICE, MemoryServices, MovedClock
from tests.lambda_functions import Context, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sshq.domain.leases import Lease
    from sshq.ports import Services

_ROUTE = HttpRoute("ANY", "/v1/{proxy+}")
REASONS = {200: "OK", 201: "Created", 204: "No Content"}


class Laptop:
    """The function behind HTTP, on services of the test's choice, and a key that signs for it."""

    def __init__(self, services: Services) -> None:
        self._clock = services.clock
        self.app = load("access_api")
        self.app.live = lambda: services  # type: ignore[attr-defined]
        self.key = Ed25519PrivateKey.generate()
        self._nonces = itertools.count()

    @property
    def public_key(self) -> str:
        line = self.key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        return line.decode()

    def signed(
        self, method: str, path: str, body: bytes, key_id: str, *, prefer: str = ""
    ) -> tuple[int, dict[str, str], bytes]:
        """A request with a fresh signature of the laptop's key."""
        headers = self.headers(method, path, body, key_id, prefer=prefer)
        return self.call(method, path, body, headers)

    def headers(
        self, method: str, path: str, body: bytes, key_id: str, *, prefer: str = ""
    ) -> dict[str, str]:
        """The headers that sign a request, by the client's own code."""
        return signature_headers(
            self.key,
            key_id=key_id,
            method=method,
            path=path,
            body=body,
            created=int(self._clock.now().timestamp()),
            nonce=f"nonce-{next(self._nonces):08}",
            prefer=prefer,
        ) | {"Content-Type": "application/json"}

    def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        *,
        source: str = "198.51.100.7",
        query: str = "",
    ) -> tuple[int, dict[str, str], bytes]:
        """(status, headers, body) of a request as it is."""
        event = to_event(
            HttpRequest(
                method=method,
                path=path,
                query=query,
                headers=tuple((headers or {}).items()),
                body=body,
                source_ip=source,
            ),
            _ROUTE,
            {},
            account="123456789012",
            domain="api.test",
            request_id="request-1",
            now=self._clock.now(),
        )
        answer = to_answer(json.dumps(self.app.lambda_handler(event, Context())).encode())
        return answer.status, dict(answer.headers), answer.body


class Door(Laptop):
    """On services in memory, with a ready job; the key has a lease on it."""

    def __init__(self, clock: MovedClock | None = None) -> None:
        self.services = MemoryServices(clock=clock or MovedClock())
        self.services.enrol(ALICE, "alice")
        super().__init__(self.services)
        self.job = ready_job(self.services)

    def lease(self) -> Lease:
        """A live lease of this key; a new one if the last has ended."""
        fingerprint = key_fingerprint(self.public_key)
        now = self.services.clock.now()
        for lease in self.services.leases.all.values():
            if lease.is_live(now) and lease.key_fingerprint == fingerprint:
                return lease
        document = {"ticket": a_ticket(self.services, self.job), "public_key": self.public_key}
        status, _, body = self.signed("POST", "/v1/redeem", json.dumps(document).encode(), "redeem")
        assert status == 200, body
        return self.services.leases.all[json.loads(body)["id"]]


def wsgi(door: Door, *, signs: bool) -> Callable[..., Iterable[bytes]]:
    """The door as a WSGI application.

    `signs`: each request gets the signature of the door's key, and where it names a lease or a
    ticket, the door's own: so that what lies behind the signature is reached.
    """

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ.get("RAW_URI") or environ["PATH_INFO"]
        path = path.partition("?")[0]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {
            name[5:].replace("_", "-").title(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        } | {"Content-Type": environ.get("CONTENT_TYPE", "")}
        if signs and path != "/v1/openapi.json":
            path, body, key_id = _own(door, path, body)
            headers |= door.headers(method, path, body, key_id)
        status, answered, content = door.call(
            method, path, body, headers, query=environ.get("QUERY_STRING", "")
        )
        start_response(f"{status} {REASONS.get(status, 'Refused')}", list(answered.items()))
        return [content]

    return application


def _own(door: Door, path: str, body: bytes) -> tuple[str, bytes, str]:
    words = path.split("/")
    if words[:3] == ["", "v1", "leases"] and len(words) > 3:
        words[3] = door.lease().id
        return "/".join(words), body, words[3]
    try:
        document = json.loads(body)
        if {"ticket", "public_key"} <= set(document):
            own = {"ticket": a_ticket(door.services, door.job), "public_key": door.public_key}
            body = json.dumps(document | own).encode()
    except (ValueError, TypeError):
        pass
    return path, body, "redeem"


def digest(body: bytes) -> str:
    """A Content-Digest header's value."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
