"""SlackGateway: Slack's requests come in; what they ask for goes into a queue. It writes nowhere else."""

from __future__ import annotations

import base64
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from slack_bolt import BoltRequest

from sshq.chat.gateway import build_app
from sshq.composition import live

if TYPE_CHECKING:
    from slack_bolt import App

logger = Logger()

# Bolt answers 500 to a timestamp or a signature that isn't of this form. Without the header it says
# 401, as to every other request that isn't Slack's.
_FORMS = {
    "x-slack-request-timestamp": re.compile(r"[0-9]{1,12}"),
    "x-slack-signature": re.compile(r"v0=[0-9a-f]{64}"),
}


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001
    """An HTTP API event (payload 2.0) → Bolt → Slack's answer."""
    body, is_text = _body(event)
    headers = {
        name: value
        for name, value in event.get("headers", {}).items()
        if is_text and _may_pass(name.lower(), value)
    }
    answer = _app().dispatch(BoltRequest(body=body, headers=headers))
    return {
        "statusCode": answer.status,
        "headers": {name: values[0] for name, values in answer.headers.items()},
        "body": answer.body or "",
    }


def _body(event: dict[str, Any]) -> tuple[str, bool]:
    """The body, and whether it is the text that was sent: what isn't UTF-8 can't be Slack's."""
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return body, True
    try:
        return base64.b64decode(body).decode(), True
    except ValueError:
        return "", False


def _may_pass(name: str, value: str) -> bool:
    # Bolt would take its own headers for its lazy listeners' (it skips checks for them).
    form = _FORMS.get(name)
    return not name.startswith("x-slack-bolt-") and (form is None or bool(form.fullmatch(value)))


@cache
def _app() -> App:
    services = live()
    return build_app(
        signing_secret=services.slack_secret.signing_secret.get_secret_value(),
        commands=services.commands_queue,
        provisioning=services.provisioning_queue,
        language=services.settings.language,
        clock=services.clock,
    )
