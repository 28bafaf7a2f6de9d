from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from sshq_sandbox.state import SandboxFacts, StateError, StateFolder

if TYPE_CHECKING:
    from pathlib import Path

FACTS = SandboxFacts(
    pid=1,
    port=8700,
    url="http://127.0.0.1:8700",
    control_url="http://127.0.0.1:1",
    token="secret",
    aws_url="",
    slack_url="",
    ssm_url="",
    ca_file="",
    region="eu-west-1",
    template="template.yaml",
)


def test_the_folder_and_its_facts_are_private(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")
    folder.claim()
    folder.write(FACTS)

    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "state" / "sandbox.json").stat().st_mode & 0o777 == 0o600
    assert StateFolder(tmp_path / "state").read() == FACTS


def test_a_second_claim_says_who_is_there(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    folder.claim()
    folder.write(FACTS)

    assert StateFolder(tmp_path).is_claimed()
    with pytest.raises(StateError, match=r"pid 1, http://127\.0\.0\.1:8700.*down"):
        StateFolder(tmp_path).claim()


def test_a_claim_ends_with_its_process_and_its_leftovers_can_be_cleared(tmp_path: Path) -> None:
    source = (
        "import sys, os, pathlib; from sshq_sandbox.state import StateFolder;"
        "StateFolder(pathlib.Path(sys.argv[1])).claim();"
        "pathlib.Path(sys.argv[1], 'sandbox.json').write_text('{}'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", source, tmp_path], check=False)

    folder = StateFolder(tmp_path)
    assert not folder.is_claimed()
    assert folder.clear_leftovers()
    assert folder.read() is None


def test_facts_that_cannot_be_read_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "sandbox.json").write_text("{}", encoding="utf-8")

    with pytest.raises(StateError, match="delete"):
        StateFolder(tmp_path).read()


def test_clearing_leaves_the_logs(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path)
    folder.claim()
    (folder.logs / "Worker.log").write_text("x", encoding="utf-8")
    (tmp_path / "jobs" / "one").mkdir(parents=True)

    folder.clear()

    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "logs"]
