"""What a ProxyCommand's start may import: every module here is paid for by each `ssh`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

DEAR = {
    "asyncio",
    "dataclasses",
    "email",
    "encodings.idna",
    "http",
    "inspect",
    "logging",
    "pathlib",
    "typing",
    "urllib.parse",
    "uuid",
}

LIST = "import json, sys\nimport sshq_local.ssm.proxy\nprint(json.dumps(sorted(sys.modules)))"


@pytest.fixture(scope="module")
def imported() -> set[str]:
    # -S -E: what site-packages' .pth files import is not ours to answer for.
    command = [sys.executable, "-S", "-E", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{LIST}"]
    found = subprocess.run(command, capture_output=True, check=True, text=True)
    return set(json.loads(found.stdout))


@pytest.mark.parametrize("module", sorted(DEAR))
def test_dear_modules_stay_out(imported: set[str], module: str) -> None:
    assert module not in imported


def test_the_data_channel_is_there_and_little_else(imported: set[str]) -> None:
    assert "sshq_local.ssm.channel" in imported
    assert len(imported) < 100, sorted(imported)
