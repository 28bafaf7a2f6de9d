"""SlackGateway: Slack's requests come in; what they ask for goes into a queue. It writes nowhere else."""

from __future__ import annotations

import base64
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from slack_bolt import BoltRequest

from sshq.chat.gateway import build_app
from sshq.composition import live

if TYPE_CHECKING:
    from slack_bolt import App

logger = Logger()


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001
    """An HTTP API event (payload 2.0) → Bolt → Slack's answer."""
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body).decode("utf-8", errors="replace")
    headers = {
        name: value
        for name, value in event.get("headers", {}).items()
        # Bolt would take these for its own lazy listeners' (it skips checks for them).
        if not name.lower().startswith("x-slack-bolt-")
    }
    answer = _app().dispatch(BoltRequest(body=body, headers=headers))
    return {
        "statusCode": answer.status,
        "headers": {name: values[0] for name, values in answer.headers.items()},
        "body": answer.body or "",
    }


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
