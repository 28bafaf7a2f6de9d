"""Slack's side of the calls that the bot makes: /api/<method> and the response_urls, over HTTP."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import web

from sshq_sandbox.slack.grants import GrantError
from sshq_sandbox.slack.methods import ApiError, message_content

if TYPE_CHECKING:
    from collections.abc import Callable

    from sshq_sandbox.slack.faults import Fault, Faults
    from sshq_sandbox.slack.grants import ResponseUrl, ResponseUrls
    from sshq_sandbox.slack.methods import Methods
    from sshq_sandbox.slack.replies import Replies

RESPONSE_URL = "response_url"
"""The name under which uses of a response_url are recorded and meet faults."""


class _Answer(NamedTuple):
    body: dict[str, Any]
    status: int = 200


class WebApi:
    """Routes of the stand-in's server. `record` gets one dict a call: see `_recorded`."""

    def __init__(
        self,
        *,
        bot_token: str,
        methods: Methods,
        response_urls: ResponseUrls,
        replies: Replies,
        faults: Faults,
        record: Callable[[dict[str, Any]], None],
        clock: Callable[[], float],
    ) -> None:
        self._bot_token = bot_token
        self._methods = methods
        self._response_urls = response_urls
        self._replies = replies
        self._faults = faults
        self._record = record
        self._clock = clock

    def application(self) -> web.Application:
        application = web.Application(client_max_size=4 * 1024 * 1024)
        application.router.add_route("*", "/api/{method}", self._api)
        application.router.add_post("/{kind:commands|actions}/{path:.+}", self._hook)
        return application

    async def _api(self, request: web.Request) -> web.Response:
        started = time.perf_counter()
        method = request.match_info["method"]
        try:
            arguments = await _arguments(request)
        except ApiError as error:
            return self._recorded(method, "nobody", {}, _refusal(error), started)
        token = _token(request, arguments)
        caller = "bot" if token == self._bot_token else ("unknown" if token else "nobody")
        fault = self._faults.take(method)
        if fault is not None and not fault.after_effect:
            return self._recorded(method, caller, arguments, _broken(fault), started, fault=fault)
        if caller == "bot" or method == "api.test":
            answer = self._called(method, arguments)
        else:
            answer = _Answer({"ok": False, "error": "invalid_auth" if token else "not_authed"})
        if fault is not None:
            answer = _broken(fault)
        return self._recorded(method, caller, arguments, answer, started, fault=fault)

    def _called(self, method: str, arguments: dict[str, Any]) -> _Answer:
        try:
            return _Answer({"ok": True, **self._methods.call(method, arguments)})
        except ApiError as error:
            return _refusal(error)

    async def _hook(self, request: web.Request) -> web.Response:
        started = time.perf_counter()
        path = f"{request.match_info['kind']}/{request.match_info['path']}"
        try:
            arguments = await _arguments(request)
        except ApiError as error:
            return self._recorded(RESPONSE_URL, "bot", {}, _refusal(error, 400), started)
        fault = self._faults.take(RESPONSE_URL)
        if fault is not None and not fault.after_effect:
            return self._recorded(
                RESPONSE_URL, "bot", arguments, _broken(fault), started, fault=fault
            )
        answer = self._answered(path, arguments)
        if fault is not None:
            answer = _broken(fault)
        return self._recorded(RESPONSE_URL, "bot", arguments, answer, started, fault=fault)

    def _answered(self, path: str, arguments: dict[str, Any]) -> _Answer:
        try:
            url: ResponseUrl = self._response_urls.usable(path)
        except GrantError as refused:
            return _Answer({"ok": False, "error": refused.code}, 404)
        try:
            if not arguments.get("delete_original"):
                message_content(arguments)
        except ApiError as error:
            return _refusal(error, 400)
        url.uses += 1
        self._replies.show(url, arguments)
        return _Answer({"ok": True})

    def _recorded(
        self,
        method: str,
        caller: str,
        arguments: dict[str, Any],
        answer: _Answer,
        started: float,
        *,
        fault: Fault | None = None,
    ) -> web.Response:
        """Tell `record` of the call, and make its answer.

        The dict: service, method, caller (`bot`, `unknown` for a wrong token, `nobody` without
        one), arguments (no token), ok, error, status, ms, at (the sandbox's clock, epoch seconds).
        """
        self._record(
            {
                "service": "slack",
                "method": method,
                "caller": caller,
                "arguments": arguments,
                "ok": bool(answer.body.get("ok")),
                "error": answer.body.get("error"),
                "status": answer.status,
                "ms": round((time.perf_counter() - started) * 1000, 1),
                "at": self._clock(),
            }
        )
        headers = {"Retry-After": str(fault.retry_after)} if answer.status == 429 and fault else {}
        return web.json_response(answer.body, status=answer.status, headers=headers)


def _refusal(error: ApiError, status: int = 200) -> _Answer:
    body: dict[str, Any] = {"ok": False, "error": error.code}
    if error.faults:
        body["errors"] = [fault.removeprefix("[ERROR] ") for fault in error.faults]
        body["response_metadata"] = {"messages": list(error.faults)}
    return _Answer(body, status)


def _broken(fault: Fault) -> _Answer:
    return _Answer({"ok": False, "error": fault.error}, fault.status)


def _token(request: web.Request, arguments: dict[str, Any]) -> str:
    """The caller's token, taken out of the arguments: the header's, else the argument's."""
    argument = str(arguments.pop("token", "") or "")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else argument


async def _arguments(request: web.Request) -> dict[str, Any]:
    """The query's arguments and the body's, which is a form or JSON. Raises ApiError."""
    arguments: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")
        except ValueError:
            raise ApiError("invalid_json") from None
        if not isinstance(body, dict):
            raise ApiError("json_not_object")
        arguments |= body
    elif request.content_type in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        arguments |= dict(await request.post())
    elif request.can_read_body:
        raise ApiError("invalid_post_type")
    return arguments
