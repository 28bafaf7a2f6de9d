"""The WSGI layer before moto: it records each call, and makes the planned faults happen."""

from __future__ import annotations

import io
import logging
import re
import socket
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from moto.core.models import DEFAULT_ACCOUNT_ID

from sshq_sandbox.aws.api_call import ApiCall, identify
from sshq_sandbox.aws.fault_answers import answer_for
from sshq_sandbox.aws.faults import FaultKind, FaultPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from sshq_sandbox.aws.calls import CallLog

_log = logging.getLogger(__name__)

NO_CAPACITY = "HTTP_X_SANDBOX_NO_CAPACITY"
"""A header of ours on the way to CreateTrainingJob: the job will find no machine."""

_DROPPED = "dropped"
_EXPECTED_OWNER = "HTTP_X_AMZ_EXPECTED_BUCKET_OWNER"
_BEFORE = {FaultKind.TIMEOUT_BEFORE, FaultKind.CRASH_BEFORE}
_AFTER = {FaultKind.TIMEOUT_AFTER, FaultKind.CRASH_AFTER}
_CRASH = {FaultKind.CRASH_BEFORE, FaultKind.CRASH_AFTER}
_ERROR_IN_BODY = re.compile(rb'<Code>([^<]+)</Code>|"__type":\s*"([^"]+)"')


class Front:
    """`crash(caller)` ends the caller's process: it is called on a server thread."""

    def __init__(
        self,
        application: WSGIApplication,
        *,
        calls: CallLog,
        faults: FaultPlan,
        crash: Callable[[str], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._application = application
        self._calls = calls
        self._faults = faults
        self._crash = crash
        self._clock = clock

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "").startswith("/moto-api"):
            return self._application(environ, start_response)
        at, began = self._clock(), time.perf_counter()
        call = _identify(environ)
        caller = self._calls.caller_name(call.key_id)
        fault = self._faults.decide(call.operation, caller)
        if environ.get(_EXPECTED_OWNER, DEFAULT_ACCOUNT_ID) != DEFAULT_ACCOUNT_ID:
            # moto doesn't look at ExpectedBucketOwner; S3 denies what it asks of a stranger's bucket.
            fault = FaultKind.DENIAL

        def ended(status: int, error: str) -> None:
            seconds = time.perf_counter() - began
            self._calls.record(call, at=at, status=status, error=error, seconds=seconds)

        if fault is FaultKind.CAPACITY:
            environ[NO_CAPACITY] = "yes"
        elif fault is not None and fault not in _BEFORE | _AFTER:
            answer = answer_for(fault, call)
            ended(answer.status, answer.code)
            start_response(f"{answer.status} Error", answer.headers)
            return [answer.body]
        if fault in _BEFORE:
            ended(0, _DROPPED)
            return self._drop(environ, fault, caller)
        try:
            status, headers, body = _run(self._application, environ)
        except Exception as error:  # noqa: BLE001  what moto lacks or trips over is told to the caller
            _log.exception("moto failed at %s %s", call.service, call.operation)
            answer = answer_for(FaultKind.SERVER_ERROR, call, f"moto: {error!r}")
            status, headers, body = f"{answer.status} Error", answer.headers, answer.body
        if fault in _AFTER:
            ended(0, _DROPPED)
            return self._drop(environ, fault, caller)
        code = int(status.split(" ", 1)[0])
        ended(code, _error_code(code, headers, body))
        start_response(status, headers)
        return [body]

    def _drop(
        self, environ: WSGIEnvironment, fault: FaultKind | None, caller: str
    ) -> Iterable[bytes]:
        if fault in _CRASH:
            self._crash(caller)
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
        # werkzeug takes this for a client that went away, and writes nothing.
        raise ConnectionAbortedError("a planned fault closed the connection")


def _identify(environ: WSGIEnvironment) -> ApiCall:
    body = b""
    if "wsgi.input_terminated" not in environ:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    return identify(
        method=environ["REQUEST_METHOD"],
        path=urlsplit(environ.get("RAW_URI", "/")).path or "/",
        query=environ.get("QUERY_STRING", ""),
        headers=headers | {"content-type": environ.get("CONTENT_TYPE", "")},
        body=body,
    )


def _run(
    application: WSGIApplication, environ: WSGIEnvironment
) -> tuple[str, list[tuple[str, str]], bytes]:
    """Let the application answer wholly before a byte is sent, so that a fault can still come."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(
        status: str,
        headers: list[tuple[str, str]],
        exc_info: object = None,  # noqa: ARG001  (WSGI's signature)
    ) -> Callable[[bytes], object]:
        started.append((status, headers))
        return lambda _data: None

    answer = application(environ, start_response)
    try:
        body = b"".join(answer)
    finally:
        close = getattr(answer, "close", None)
        if close is not None:
            close()
    status, headers = started[-1]
    return status, headers, body


def _error_code(status: int, headers: list[tuple[str, str]], body: bytes) -> str:
    if status < 400:
        return ""
    named = next((value for name, value in headers if name.lower() == "x-amzn-errortype"), "")
    found = _ERROR_IN_BODY.search(body)
    code = named or (found and (found[1] or found[2]).decode("utf-8", "replace")) or str(status)
    return code.rsplit("#", 1)[-1].split(":", 1)[0]
