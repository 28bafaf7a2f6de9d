"""Run Command documents: the step's shell script with the parameters filled in, in the agent's
environment."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
_DEFAULT_TIMEOUT_SECONDS = 3600.0
_STDOUT_LIMIT = 24000
_STDERR_LIMIT = 8000


async def run_command(content: Mapping[str, Any]) -> dict[str, Any]:
    """`content`: {"DocumentContent": {"mainSteps": [one aws:runShellScript]}, "Parameters": {name:
    [values]}}.

    Returns AWS's runtimeStatus: {step: {"status", "code", "standardOutput", "standardError"}}.
    """
    step = content["DocumentContent"]["mainSteps"][0]
    inputs = step["inputs"]
    parameters = content["Parameters"]
    lines = inputs["runCommand"]
    script = "\n".join(_filled([lines] if isinstance(lines, str) else lines, parameters))
    limits = _filled([str(inputs.get("timeoutSeconds", _DEFAULT_TIMEOUT_SECONDS))], parameters)
    status, code, stdout, stderr = await _run(script, float(limits[0]))
    return {
        step.get("name", step["action"]): {
            "status": status,
            "code": code,
            "name": step["action"],
            "standardOutput": stdout.decode("utf-8", "replace")[:_STDOUT_LIMIT],
            "standardError": stderr.decode("utf-8", "replace")[:_STDERR_LIMIT],
        }
    }


def _filled(lines: list[str], parameters: Mapping[str, list[str]]) -> list[str]:
    """A line that is nothing but a parameter becomes that list's lines."""
    filled = []
    for line in lines:
        whole = _PLACEHOLDER.fullmatch(line.strip())
        if whole and whole[1] in parameters:
            filled += parameters[whole[1]]
        else:
            filled.append(
                _PLACEHOLDER.sub(lambda found: " ".join(parameters.get(found[1], [found[0]])), line)
            )
    return filled


async def _run(script: str, seconds: float) -> tuple[str, int, bytes, bytes]:
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        script,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            stdout, stderr = await process.communicate()
    except TimeoutError:
        return "TimedOut", -1, b"", f"timed out after {seconds:g} s".encode()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    code = process.returncode or 0
    return ("Success" if code == 0 else "Failed"), code, stdout, stderr
