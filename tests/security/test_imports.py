"""A function's import does nothing: no client, no configuration, no network, and little to wait for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py"))
# Run in a process of its own: what pytest has imported already would hide what the function does.
IMPORT = """
import gc, importlib.util, json, socket, sys, threading

def refuse(*_args, **_named):
    raise SystemExit("an import reached for the network")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
spec = importlib.util.spec_from_file_location("app", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
modules = sorted(sys.modules)
from botocore.client import BaseClient
from botocore.session import Session
print(json.dumps({
    "made": [type(each).__name__ for each in gc.get_objects() if isinstance(each, (BaseClient, Session))],
    "handler": callable(module.lambda_handler),
    "modules": modules,
    "threads": threading.active_count(),
}))
"""


def imported(function: str) -> dict[str, object]:
    """What is there after the import, with nothing of a stack or an account in the environment."""
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error::ResourceWarning",
            "-c",
            IMPORT,
            str(ROOT / "functions" / function / "app.py"),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT / "layers" / "core"), "PATH": "/usr/bin:/bin"},
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_imported_without_an_account_and_without_a_network(function: str) -> None:
    found = imported(function)

    assert found["handler"] is True
    assert found["threads"] == 1
    modules = found["modules"]
    assert isinstance(modules, list)
    assert not {"sagemaker", "moto", "sshq_sandbox", "sshq_local"} & set(modules)
    # boto3 is imported while Lambda's start has a whole CPU; what it makes waits for its first use.
    assert found["made"] == []


def test_the_gateway_imports_only_what_an_acknowledgement_needs() -> None:
    modules = imported("slack_gateway")["modules"]

    assert isinstance(modules, list)
    heavy = {"cryptography", "aws_xray_sdk", "http_message_signatures", "sshq.use_cases.dispatch"}
    assert not heavy & set(modules)
    assert "slack_bolt" in modules
