"""Slack gives three seconds, a cold start included: what acknowledges loads nothing more than that."""

from __future__ import annotations

import subprocess
import sys

from tests.security.template import ROOT

# Signing and KMS, the table, the clients of a job's services, Bolt's own servers and asyncio's half.
NOT_NEEDED = (
    "cryptography",
    "http_message_signatures",
    "boto3.dynamodb",
    "sshq.adapters.account",
    "sshq.adapters.dynamodb",
    "sshq.container",
    "sshq.use_cases.dispatch",
    "slack_bolt.async_app",
    "slack_bolt.adapter",
    "slack_sdk.web.async_client",
    "aiohttp",
)


def test_the_gateway_loads_only_what_acknowledging_needs() -> None:
    code = "import app, sys; print(*sys.modules, sep=chr(10))"
    done = subprocess.run(
        (sys.executable, "-c", code),
        cwd=ROOT / "functions/slack_gateway",
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert "slack_bolt" in loaded
    assert {
        name for name in loaded if name.startswith(tuple(f"{each}." for each in NOT_NEEDED))
    } | loaded & set(NOT_NEEDED) == set()
