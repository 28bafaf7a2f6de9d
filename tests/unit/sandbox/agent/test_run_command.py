from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sshq_sandbox.agent.run_command import run_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest


def outcome(
    lines: Sequence[str] | str, parameters: dict[str, list[str]] | None = None, **inputs: Any
) -> dict[str, Any]:
    step = {
        "action": "aws:runShellScript",
        "name": "step",
        "inputs": {"runCommand": lines, **inputs},
    }
    content = {"DocumentContent": {"mainSteps": [step]}, "Parameters": parameters or {}}
    result: dict[str, Any] = asyncio.run(run_command(content))["step"]
    return result


def test_parameters_take_their_places() -> None:
    result = outcome(
        ["echo {{ verb }}-{{argument}} {{ unknown }}"], {"verb": ["keep"], "argument": ["7"]}
    )
    assert (result["status"], result["code"]) == ("Success", 0)
    assert result["standardOutput"] == "keep-7 {{ unknown }}\n"


def test_a_line_that_is_one_parameter_becomes_its_lines() -> None:
    result = outcome(["{{ commands }}"], {"commands": ["echo one", "echo two"]})
    assert result["standardOutput"] == "one\ntwo\n"


def test_it_runs_in_the_agents_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSHQ_HOME", "/somewhere")
    assert outcome('echo "$SSHQ_HOME"; pwd')["standardOutput"] == f"/somewhere\n{Path.cwd()}\n"


def test_failure_keeps_code_and_output() -> None:
    result = outcome("echo out; echo err >&2; exit 4")
    assert (result["status"], result["code"]) == ("Failed", 4)
    assert (result["standardOutput"], result["standardError"]) == ("out\n", "err\n")


def test_a_command_over_its_time_is_killed_with_its_children(tmp_path: Path) -> None:
    fifo = tmp_path / "held"
    os.mkfifo(fifo)
    with os.fdopen(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK), "rb") as held:
        result = outcome(
            f"sleep 60 3>{fifo} & wait", {"limit": ["0.5"]}, timeoutSeconds="{{ limit }}"
        )
        assert (result["status"], result["code"]) == ("TimedOut", -1)
        os.set_blocking(held.fileno(), True)
        assert held.read() == b"", "the child that held the other end is gone"


def test_long_output_is_cut_as_aws_cuts_it() -> None:
    result = outcome(
        "head -c 30000 /dev/zero | tr '\\0' x; head -c 9000 /dev/zero | tr '\\0' y >&2"
    )
    assert len(result["standardOutput"]) == 24000
    assert len(result["standardError"]) == 8000
