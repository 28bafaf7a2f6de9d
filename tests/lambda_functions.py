"""A function's app.py as Lambda loads it, on services of the test's choice, and events for it."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from sshq.adapters.slack_secret import SlackSecret
from tests.core_services import MemoryServices

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BOT_TOKEN = "xoxb-the-bots-own-token"


def load(name: str) -> ModuleType:
    """functions/<name>/app.py, executed anew."""
    path = ROOT / "functions" / name / "app.py"
    spec = importlib.util.spec_from_file_location(f"{name}_app", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def payload(path: str) -> dict[str, Any]:
    """One of the payloads in events/."""
    found: dict[str, Any] = json.loads((ROOT / "events" / path).read_text(encoding="utf-8"))
    return found


@dataclass
class Context:
    """What Lambda passes beside the event."""

    function_name: str = "sshq-Function"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:sshq-Function"
    aws_request_id: str = "0000-1111"
    seconds_left: float = 60.0

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds_left * 1000)


class GatewayServices(MemoryServices):
    """MemoryServices with what only the gateway has: Slack's secret."""

    def __init__(self) -> None:
        super().__init__()
        self.slack_secret = SlackSecret(
            signing_secret=SecretStr(SIGNING_SECRET), bot_token=SecretStr(BOT_TOKEN)
        )
