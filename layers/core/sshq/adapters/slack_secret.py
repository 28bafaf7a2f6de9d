"""Slack's signing secret and bot token, from Secrets Manager."""

from __future__ import annotations

import json
from typing import Any

from pydantic import SecretStr

from sshq.domain.model import Model


class SlackSecret(Model):
    """Kept as SecretStr, so that no log or traceback shows it."""

    signing_secret: SecretStr
    bot_token: SecretStr


def read_slack_secret(client: Any, arn: str) -> SlackSecret:  # noqa: ANN401  boto3 has no types
    """`client` is a boto3 Secrets Manager client. Raises when the secret isn't filled in yet."""
    text = client.get_secret_value(SecretId=arn)["SecretString"]
    return SlackSecret.model_validate(json.loads(text))
