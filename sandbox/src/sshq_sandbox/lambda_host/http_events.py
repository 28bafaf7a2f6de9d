"""API Gateway's HTTP API, payload format 2.0: routes, events and answers. Pure.

Which bodies stay text is what the real service does: `text/*` and three application types; a form
(as Slack sends) and a body without a type arrive as base64.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sshq_sandbox.lambda_host.template import HttpRoute

DEFAULT_ROUTE = "$default"
_TEXT_TYPES = frozenset({"application/json", "application/javascript", "application/xml"})
_PARAMETER = re.compile(r"\{([^}+]+)(\+?)\}")


@dataclass(frozen=True)
class HttpRequest:
    """A request as it came in. `path` is undecoded, without the query; `headers` may repeat."""

    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    source_ip: str


@dataclass(frozen=True)
class HttpAnswer:
    """A response, ready to be sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()


class BadAnswerError(Exception):
    """The function answered something that the HTTP API can't turn into a response."""


def match_route(
    routes: Sequence[HttpRoute], method: str, path: str
) -> tuple[HttpRoute, dict[str, str]] | None:
    """Return the most specific route and its path parameters; None if none fits.

    Exact paths win over parameters, those over `{proxy+}`, all over `$default`; then a method
    wins over ANY.
    """
    best: tuple[tuple[int, int, int], HttpRoute, dict[str, str]] | None = None
    for route in routes:
        if route.method not in {"ANY", method.upper()}:
            continue
        parameters = _match_path(route.path, path)
        if parameters is None:
            continue
        rank = (_specificity(route.path), len(route.path), int(route.method != "ANY"))
        if best is None or rank > best[0]:
            best = (rank, route, parameters)
    return None if best is None else best[1:]


def to_event(
    request: HttpRequest,
    route: HttpRoute,
    path_parameters: Mapping[str, str],
    *,
    account: str,
    domain: str,
    request_id: str,
    now: datetime,
) -> dict[str, Any]:
    """Return the event for the route's function."""
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in request.headers:
        key = name.lower()
        if key == "cookie":
            cookies += [part.strip() for part in value.split(";")]
        else:
            headers[key] = f"{headers[key]},{value}" if key in headers else value
    key = DEFAULT_ROUTE if route.path == DEFAULT_ROUTE else f"{route.method} {route.path}"
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": key,
        "rawPath": unquote(request.path),
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": {
            "accountId": account,
            "apiId": "sandbox",
            "domainName": domain,
            "domainPrefix": domain.split(".", maxsplit=1)[0],
            "http": {
                "method": request.method,
                "path": unquote(request.path),
                "protocol": "HTTP/1.1",
                "sourceIp": request.source_ip,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": request_id,
            "routeKey": key,
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = cookies
    if request.query:
        grouped: dict[str, list[str]] = {}
        for name, value in parse_qsl(request.query, keep_blank_values=True):
            grouped.setdefault(name, []).append(value)
        event["queryStringParameters"] = {
            name: ",".join(values) for name, values in grouped.items()
        }
    if path_parameters:
        event["pathParameters"] = dict(path_parameters)
    if request.body:
        text = _as_text(request.body, headers.get("content-type", ""))
        event["isBase64Encoded"] = text is None
        event["body"] = base64.b64encode(request.body).decode() if text is None else text
    return event


def to_answer(payload: bytes) -> HttpAnswer:
    """Turn a function's result into a response. Raises BadAnswerError (the caller sees a 500).

    An object with statusCode says it all; anything else is a JSON body with status 200.
    """
    try:
        result = json.loads(payload)
    except ValueError as error:
        raise BadAnswerError("The function's result isn't JSON.") from error
    if not isinstance(result, dict) or "statusCode" not in result:
        return HttpAnswer(200, {"content-type": "application/json"}, payload)
    body = result.get("body") or ""
    try:
        raw = (
            base64.b64decode(body, validate=True)
            if result.get("isBase64Encoded")
            else _encode(body)
        )
        status = int(result["statusCode"])
    except (TypeError, ValueError) as error:
        raise BadAnswerError(f"The function's answer is malformed: {error}") from error
    headers = {str(k).lower(): _header(v) for k, v in (result.get("headers") or {}).items()}
    headers.setdefault("content-type", "text/plain; charset=utf-8")
    return HttpAnswer(status, headers, raw, tuple(result.get("cookies") or ()))


def _match_path(pattern: str, path: str) -> dict[str, str] | None:
    if pattern == DEFAULT_ROUTE:
        return {}
    expression, names, end = "", [], 0
    for match in _PARAMETER.finditer(pattern):
        names.append(match[1])
        expression += re.escape(pattern[end : match.start()]) + ("(.+)" if match[2] else "([^/]+)")
        end = match.end()
    found = re.fullmatch(expression + re.escape(pattern[end:]), path)
    if found is None:
        return None
    return {name: unquote(value) for name, value in zip(names, found.groups(), strict=True)}


def _specificity(path: str) -> int:
    if path == DEFAULT_ROUTE:
        return 0
    if "+}" in path:
        return 1
    return 2 if "{" in path else 3


def _as_text(body: bytes, content_type: str) -> str | None:
    mime = content_type.partition(";")[0].strip().lower()
    if not (mime.startswith("text/") or mime in _TEXT_TYPES):
        return None
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _encode(body: Any) -> bytes:  # noqa: ANN401 - whatever the function returned
    if not isinstance(body, str):
        raise TypeError("body isn't a string")
    return body.encode()


def _header(value: Any) -> str:  # noqa: ANN401
    return str(value).lower() if isinstance(value, bool) else str(value)
