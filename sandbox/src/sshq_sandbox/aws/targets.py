"""Operations that moto can't route: unsigned ones, and those of services it doesn't know."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

TargetHandler = Callable[[dict[str, Any], Mapping[str, str]], tuple[int, dict[str, Any]]]
"""(request body, headers with lower-case names) → (HTTP status, answer's body); called on a server
thread. An error is a status ≥ 400 and a body {"__type": code, "message": text}."""


class Targets:
    """WSGI middleware: answers requests whose X-Amz-Target has a handler of its own."""

    def __init__(self, application: WSGIApplication, handlers: Mapping[str, TargetHandler]) -> None:
        self._application = application
        self._handlers = handlers

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        handler = self._handlers.get(environ.get("HTTP_X_AMZ_TARGET", ""))
        if handler is None:
            return self._application(environ, start_response)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        try:
            body = json.loads(environ["wsgi.input"].read(length) or b"{}")
        except ValueError:
            body = None
        if isinstance(body, dict):
            status, answer = handler(body, _headers(environ))
        else:
            status, answer = 400, {"__type": "SerializationException", "message": "not JSON"}
        return _respond(start_response, status, answer)


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    return {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }


def _respond(start_response: StartResponse, status: int, answer: dict[str, Any]) -> list[bytes]:
    payload = json.dumps(answer).encode()
    headers = [
        ("Content-Type", "application/x-amz-json-1.1"),
        ("Content-Length", str(len(payload))),
    ]
    if status >= 400:
        headers.append(("x-amzn-ErrorType", str(answer.get("__type", "InternalFailure"))))
    start_response(f"{status} {'OK' if status < 400 else 'Error'}", headers)
    return [payload]
