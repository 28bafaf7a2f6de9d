"""The scripts' functions, run by each kind of sh that an image may have."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sshq.container
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FOLDER = Path(sshq.container.__file__).parent


@pytest.fixture(params=["dash", "busybox sh", "bash --posix"])
def shell(request: pytest.FixtureRequest) -> list[str]:
    """The words that call it."""
    words: list[str] = request.param.split()
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} isn't installed")
    return words


@pytest.fixture
def sh(shell: list[str]) -> Callable[..., bytes]:
    """`sh(script, *arguments, env={})` → stdout. The script finds all functions defined."""
    names = ("record", "environment", "sshd", "agent", "processes", "activity", "supervisor")
    prelude = "set -u\nRANK=0\nSSHQ_HOME=/nowhere\n" + "".join(
        f". '{FOLDER}/{name}.sh'\n" for name in names
    )

    def run(script: str, *arguments: str, env: Mapping[str, str] | None = None) -> bytes:
        return subprocess.run(
            [*shell, "-c", prelude + script, "sh", *arguments],
            env={"PATH": os.environ["PATH"], **(env or {})},
            stdout=subprocess.PIPE,
            check=True,
            timeout=PATIENCE_SECONDS,
        ).stdout

    return run
