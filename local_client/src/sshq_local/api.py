"""The access API's client: each call signed by the lease's key, each failure one clear Refusal."""

from __future__ import annotations

import json
import os
import time
from binascii import hexlify

from sshq_local.api_address import api_target
from sshq_local.errors import Exit, Reason, Refusal, refusal
from sshq_local.http_exchange import BadAnswerError, exchange
from sshq_local.signing import signature_headers
from sshq_local.ssm.dial import NotTrusted, dial

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping
    from typing import Any

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from sshq_local.http_exchange import HttpAnswer
    from sshq_local.ssm.ahead import Ahead

_PAUSES = (0.3, 1.0)
"""Seconds before the second and the third attempt."""

_TRY_AGAIN = frozenset({429, 502, 503, 504})
_SKEW = 240
"""Seconds: the API allows 300, and the answer took a moment."""

_LARGEST_ANSWER = 1 << 20


class AccessApi:
    """base: `https://host[:port]` (http on loopback only, as parse_ticket gives it).

    key_id: the lease's id, or "redeem" before there is one. ahead: a connection for the first call
    that may be there already. Timeouts are seconds.
    """

    def __init__(
        self,
        base: str,
        *,
        key: Ed25519PrivateKey,
        key_id: str,
        ca_file: str = "",
        ahead: Ahead | None = None,
        timeout: float = 25,
        now: Callable[[], float] = time.time,
        nonce: Callable[[], str] = lambda: hexlify(os.urandom(16)).decode(),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.host = base.partition("://")[2]
        self.target = api_target(base)
        self._key = key
        self._key_id = key_id
        self.ca_file = ca_file or None
        self._ahead = ahead
        self._timeout = timeout
        self._now = now
        self._nonce = nonce
        self._sleep = sleep

    def redeem(
        self, code: str, public_key: str, *, version: str, system: str, rank: int | None = None
    ) -> dict[str, Any]:
        """Trade a ticket's code for a lease. The same code and key give the same lease again.

        With `rank`, a new lease may bring a first session on that machine: `session`.
        """
        prefer = "" if rank is None else f"sshq-session={rank}"
        body = {
            "ticket": code,
            "public_key": public_key,
            "client": {"version": version, "os": system},
        }
        # An API that doesn't know what is preferred gives the lease alone.
        return self._call("POST", "/v1/redeem", body, prefer=prefer)

    def open_session(self, rank: int) -> dict[str, Any]:
        """id, stream_url, token, region, expires_at. Not asked for twice: each one is a session."""
        return self._call("POST", f"{self._lease}/sessions", {"rank": rank}, repeatable=False)

    def sessions(self) -> list[dict[str, Any]]:
        """The lease's open sessions: id, rank, node, started_at."""
        found = self._call("GET", f"{self._lease}/sessions").get("sessions", [])
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    def resume_session(self, session_id: str) -> dict[str, Any]:
        """stream_url and token of a session that goes on."""
        return self._call("POST", f"{self._lease}/sessions/{_segment(session_id)}/resume")

    def end_session(self, session_id: str) -> None:
        self._call("DELETE", f"{self._lease}/sessions/{_segment(session_id)}")

    def certificate(self) -> dict[str, Any]:
        return self._call("POST", f"{self._lease}/certificate")

    def lease(self) -> dict[str, Any]:
        """The lease, job_state, deadline, and cost_so_far in currency."""
        return self._call("GET", self._lease)

    def logs(self, *, tail: int = 0, after: str = "") -> dict[str, Any]:
        """{lines: [{at, node, text}], next}: the last `tail` lines, or those that came after `next`."""
        from urllib.parse import quote  # noqa: PLC0415 - for those who ask for logs

        query = f"after={quote(after, safe='')}" if after else f"tail={tail}"
        return self._call("GET", f"{self._lease}/logs", query=query)

    def extend(self, until: str) -> dict[str, Any]:
        """The job, with its new deadline. until: an ISO time."""
        return self._call("POST", f"{self._lease}/extend", {"until": until}, repeatable=False)

    def health(self) -> dict[str, Any]:
        """What the bot sees of the job: job, job_state, checks [{name, verdict, code, what, next}]."""
        return self._call("GET", f"{self._lease}/health")

    def end_lease(self) -> None:
        self._call("DELETE", self._lease)

    def stop(self) -> dict[str, Any]:
        """job and state."""
        return self._call("POST", f"{self._lease}/stop")

    @property
    def _lease(self) -> str:
        return f"/v1/leases/{_segment(self._key_id)}"

    def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        query: str = "",
        repeatable: bool = True,
        prefer: str = "",
    ) -> dict[str, Any]:
        content = b"" if body is None else json.dumps(body).encode()
        target = f"{path}?{query}" if query else path
        for pause in (*_PAUSES, None):
            sent = False
            try:
                connection = self._connect()
                try:
                    sent = True
                    received = self._exchange(connection, method, target, content, prefer)
                finally:
                    connection.close()
            except BadAnswerError as error:
                raise self._not_ours(f"{self.host}: {error}") from error
            except OSError as error:
                if pause is None or (sent and not repeatable):
                    raise self._unreachable(error) from error
            else:
                if pause is None or not repeatable or received.status not in _TRY_AGAIN:
                    return self._read(received)
            self._sleep(pause)
        raise AssertionError  # the last round has no pause: it returns or raises

    def _connect(self) -> socket.socket:
        ahead, self._ahead = self._ahead, None
        if ahead is not None and (made := ahead.take(self.target)) is not None:
            return made
        try:
            return dial(
                self.target, ca_file=self.ca_file, environ=os.environ, timeout=self._timeout
            )
        except NotTrusted as error:
            raise refusal(
                Reason.UNTRUSTED, "api.untrusted", why=error, exit_code=Exit.UNREACHABLE
            ) from error

    def _exchange(
        self,
        connection: socket.socket,
        method: str,
        target: str,
        content: bytes,
        prefer: str,
    ) -> HttpAnswer:
        path, _, query = target.partition("?")
        headers = signature_headers(
            self._key,
            key_id=self._key_id,
            method=method,
            path=path,
            query=query,
            body=content,
            created=int(self._now()),
            # A new one for each attempt: the API remembers the nonces that it has seen.
            nonce=self._nonce(),
            prefer=prefer,
        )
        if content:
            headers["Content-Type"] = "application/json"
        headers["Host"] = self.host
        return exchange(
            connection, method, target, headers=headers, body=content, largest=_LARGEST_ANSWER
        )

    def _read(self, received: HttpAnswer) -> dict[str, Any]:
        status = received.status
        if status == 204:
            return {}
        answer = _json_object(received.body)
        if 200 <= status < 300 and answer is not None:
            return answer
        if status == 401 and (skew := self._skew(received.headers)):
            raise skew
        if status >= 400 and answer is not None and "detail" in answer:
            kind = str(answer.get("type", ""))
            raise Refusal(
                kind.removeprefix("urn:sshq:refusal:") or f"http-{status}",
                _one_line(answer["detail"]),
                _one_line(answer.get("next", "")),
                exit_code=Exit.UNREACHABLE if status >= 500 else Exit.REFUSED,
            )
        raise self._not_ours(f"{self.host}: HTTP {status}")

    def _not_ours(self, what: str) -> Refusal:
        return refusal(Reason.BAD_ANSWER, "api.not-ours", what=what, exit_code=Exit.UNREACHABLE)

    def _skew(self, headers: Mapping[str, str]) -> Refusal | None:
        from email.utils import parsedate_to_datetime  # noqa: PLC0415 - on this failure only

        try:
            theirs = parsedate_to_datetime(headers.get("date", "")).timestamp()
        except ValueError:
            return None
        skew = self._now() - theirs
        if abs(skew) < _SKEW:
            return None
        key = "api.clock-ahead" if skew > 0 else "api.clock-behind"
        return refusal(Reason.CLOCK_SKEW, key, minutes=f"{abs(skew) / 60:.0f}")

    def _unreachable(self, error: Exception) -> Refusal:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return refusal(
            Reason.UNREACHABLE,
            "api.unreachable",
            host=self.host,
            why=why,
            exit_code=Exit.UNREACHABLE,
        )


def _segment(value: str) -> str:
    """One segment of a path; an answer's session id can't lead to another call."""
    if not value or not all(c.isascii() and (c.isalnum() or c in "-_.") for c in value):
        raise refusal(Reason.BAD_ANSWER, "api.bad-id", id=_one_line(value))
    return value


def _json_object(content: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(content)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _one_line(value: object) -> str:
    """An API's sentence for the terminal: no escape sequences, no second line."""
    return "".join(c if c.isprintable() else " " for c in str(value))[:1000]
