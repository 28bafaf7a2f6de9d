"""The control API: what `sshq-sandbox` asks of the supervisor. Loopback, bearer token, JSON."""

from __future__ import annotations

import hmac
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from sshq_sandbox.aws.faults import FaultKind
from sshq_sandbox.lambda_host.clock import parse_step
from sshq_sandbox.lambda_host.host import DEPLOYER, POLLER
from sshq_sandbox.slack import faults as slack_faults
from sshq_sandbox.slack.form_state import FormError
from sshq_sandbox.slack.workspace import UnknownNameError
from sshq_sandbox.ssm_service import admin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sshq_sandbox.slack.deliveries import Ack
    from sshq_sandbox.slack.workspace import Message
    from sshq_sandbox.supervisor import Sandbox

_BACKGROUND = frozenset({DEPLOYER, POLLER})


class ControlApi:
    """One route per command. Errors are {"error": sentence} with status 400, 401 or 404."""

    def __init__(self, sandbox: Sandbox, token: str) -> None:
        self._sandbox = sandbox
        self._token = token
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Listen on a free port; return the URL."""
        app = web.Application(middlewares=[self._guard])
        app.add_routes(
            [
                web.get("/status", self._status),
                web.get("/quiet", self._quiet),
                web.get("/env", self._env),
                web.get("/inbox", self._inbox),
                web.get("/calls", self._calls),
                web.post("/slash", self._slash),
                web.post("/click", self._click),
                web.post("/submit", self._submit),
                web.post("/clock", self._clock),
                web.post("/people", self._people),
                web.post("/redeliver", self._redeliver),
                web.post("/interrupt", self._interrupt),
                web.get("/faults", self._list_faults),
                web.post("/faults", self._add_fault),
                web.delete("/faults", self._clear_faults),
                web.get("/channel", self._show_channel),
                web.post("/channel", self._act_on_channel),
                web.post("/down", self._down),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _guard(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            return _refusal(
                401, "The token is wrong: it stands in the state folder's sandbox.json."
            )
        try:
            return await handler(request)
        except KeyError as error:
            return _refusal(400, f"{error.args[0]} is missing or unknown.")
        except UnknownNameError as error:
            return _refusal(404, _sentence(error))
        except (LookupError, FormError, ValueError) as error:
            return _refusal(400, _sentence(error))

    async def _status(self, request: web.Request) -> web.Response:
        del request
        facts = asdict(self._sandbox.facts)
        del facts["token"]
        host = self._sandbox.host
        offset = self._sandbox.clock.offset().total_seconds()
        return web.json_response(
            facts
            | {
                "now": self._sandbox.clock.now().isoformat(timespec="seconds"),
                "clock_offset_seconds": offset,
                "functions": host.functions.pids,
                "left_out": host.left_out,
                "quiet": await host.is_quiet(),
            }
        )

    async def _quiet(self, request: web.Request) -> web.Response:
        del request
        return web.json_response({"quiet": await self._sandbox.host.is_quiet()})

    async def _env(self, request: web.Request) -> web.Response:
        del request
        from sshq_sandbox.supervisor import PERSON_KEY  # noqa: PLC0415 - it imports this module

        facts = self._sandbox.facts
        return web.json_response(
            {
                "AWS_ENDPOINT_URL": facts.aws_url,
                "AWS_REGION": facts.region,
                "AWS_DEFAULT_REGION": facts.region,
                "AWS_ACCESS_KEY_ID": PERSON_KEY,
                "AWS_SECRET_ACCESS_KEY": "sandbox",
                "AWS_EC2_METADATA_DISABLED": "true",
                "SSL_CERT_FILE": facts.ca_file,
            }
        )

    async def _inbox(self, request: web.Request) -> web.Response:
        slack = self._sandbox.slack
        person = request.query["as"]
        modal = slack.modal(person)
        return web.json_response(
            {
                "messages": [self._message(message) for message in slack.inbox(person)],
                "modal": None if modal is None else slack.workspace.view_text(modal),
            }
        )

    async def _calls(self, request: web.Request) -> web.Response:
        query = request.query
        aws = [asdict(call) for call in self._sandbox.aws.calls.list()]
        slack = [_as_call(call) for call in self._sandbox.slack_calls]
        shown = [
            call
            for call in [*aws, *slack]
            if ("by" not in query or call["caller"] == query["by"])
            and ("operation" not in query or call["operation"] == query["operation"])
            and ("all" in query or "by" in query or call["caller"] not in _BACKGROUND)
        ]
        shown.sort(key=lambda call: str(call["at"]))
        return web.json_response({"calls": shown}, dumps=_dumps)

    async def _slash(self, request: web.Request) -> web.Response:
        asked = await request.json()
        ack = await self._sandbox.slack.slash(asked["as"], asked["text"], asked.get("channel"))
        return _acknowledged(ack)

    async def _click(self, request: web.Request) -> web.Response:
        asked = await request.json()
        slack = self._sandbox.slack
        ack = await slack.click(asked["as"], asked["label"], asked.get("fields", {}))
        return _acknowledged(ack)

    async def _people(self, request: web.Request) -> web.Response:
        asked = await request.json()
        return _acknowledged(await self._sandbox.slack.change_user(asked["name"], **asked["flags"]))

    async def _submit(self, request: web.Request) -> web.Response:
        asked = await request.json()
        return _acknowledged(await self._sandbox.slack.submit(asked["as"], asked["fields"]))

    async def _redeliver(self, request: web.Request) -> web.Response:
        asked = await request.json()
        ack = await self._sandbox.slack.redeliver(
            asked["request_id"], fresh_signature=asked["fresh_signature"]
        )
        return _acknowledged(ack)

    async def _interrupt(self, request: web.Request) -> web.Response:
        jobs = self._sandbox.aws.training_jobs
        if jobs is not None:
            jobs.interrupt((await request.json())["job"])
        return web.json_response({})

    async def _clock(self, request: web.Request) -> web.Response:
        fired = await self._sandbox.advance(parse_step((await request.json())["step"]))
        now = self._sandbox.clock.now().isoformat(timespec="seconds")
        return web.json_response({"now": now, "fired": fired})

    async def _list_faults(self, request: web.Request) -> web.Response:
        del request
        faults = [asdict(fault) for fault in self._sandbox.aws.faults.list()]
        return web.json_response({"faults": faults})

    async def _add_fault(self, request: web.Request) -> web.Response:
        asked = await request.json()
        operation, kind = asked["operation"], _kind(asked["kind"])
        nth, times = int(asked.get("nth", 1)), int(asked.get("times", 1))
        if "." in operation or operation == "response_url":  # Slack's way of naming its methods
            fault = _slack_fault(kind)
            for number in range(nth, nth + times):
                self._sandbox.slack.faults.add(operation, fault, nth=number)
        else:
            self._sandbox.aws.faults.add(
                operation=operation, kind=kind, nth=nth, times=times, caller=asked.get("by")
            )
        return web.json_response({})

    async def _clear_faults(self, request: web.Request) -> web.Response:
        del request
        self._sandbox.aws.faults.clear()
        self._sandbox.slack.faults.clear()
        return web.json_response({})

    async def _show_channel(self, request: web.Request) -> web.Response:
        del request
        return web.json_response(admin.describe(self._sandbox.messages))

    async def _act_on_channel(self, request: web.Request) -> web.Response:
        admin.act(self._sandbox.messages, await request.json())
        return web.json_response({})

    async def _down(self, request: web.Request) -> web.Response:
        del request
        self._sandbox.ended.set()
        return web.json_response({})

    def _message(self, message: Message) -> dict[str, Any]:
        place = self._sandbox.slack.workspace.conversations[message.channel]
        return {
            "channel": "direct message" if place.is_im else f"#{place.name}",
            "ts": message.ts,
            "edited_ts": message.edited_ts,
            "only_you": message.is_ephemeral,
            "thread_ts": message.thread_ts,
            "text": message.rendered,
        }


def _acknowledged(ack: Ack) -> web.Response:
    return web.json_response({**asdict(ack), "ok": ack.ok})


def _as_call(call: dict[str, Any]) -> dict[str, Any]:
    """A Slack call in the shape of an AWS call."""
    at = datetime.fromtimestamp(call["at"], UTC).isoformat(timespec="milliseconds")
    return {
        "at": at.replace("+00:00", "Z"),
        "caller": call["caller"],
        "service": call["service"],
        "operation": call["method"],
        "status": call["status"],
        "error": call["error"] or "",
        "ms": call["ms"],
        "region": "",
        "parameters": call["arguments"],
    }


def _kind(text: str) -> FaultKind:
    try:
        return FaultKind(text)
    except ValueError as error:
        kinds = ", ".join(FaultKind)
        raise ValueError(f"There is no fault {text!r}; there are {kinds}.") from error


def _slack_fault(kind: FaultKind) -> slack_faults.Fault:
    match kind:
        case FaultKind.THROTTLE:
            return slack_faults.Fault.ratelimited()
        case FaultKind.SERVER_ERROR | FaultKind.TIMEOUT_BEFORE:
            return slack_faults.Fault.broken()
        case FaultKind.TIMEOUT_AFTER:
            return slack_faults.Fault.broken(after_effect=True)
        case FaultKind.DENIAL:
            return slack_faults.Fault("invalid_auth")
    raise ValueError(f"Slack's methods can't {kind}.")


def _refusal(status: int, sentence: str) -> web.Response:
    return web.json_response({"error": sentence}, status=status)


def _sentence(error: Exception) -> str:
    return str(error.args[0]) if error.args else type(error).__name__


def _dumps(value: Any) -> str:  # noqa: ANN401
    return json.dumps(value, default=str)
