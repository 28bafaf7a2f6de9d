from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sshq_sandbox.cli import main
from sshq_sandbox.state import StateFolder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["slash", "--as", "alice", "help"],
        ["click", "--as", "alice", "Stop"],
        ["inbox", "--as", "alice"],
        ["calls"],
        ["clock", "+1m"],
        ["env"],
        ["fault", "list"],
    ],
)
def test_without_a_sandbox_a_command_says_how_to_start_one(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--state", str(tmp_path)]) == 3

    said = capsys.readouterr()
    assert "sshq-sandbox up" in said.err
    assert said.out == ""


def test_down_without_a_sandbox_is_no_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["down", "--state", str(tmp_path)]) == 0
    assert "None is running." in capsys.readouterr().out


def test_down_removes_what_a_killed_supervisor_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sandbox.json").write_text("{}", encoding="utf-8")
    (tmp_path / "jobs").mkdir()

    assert main(["down", "--state", str(tmp_path)]) == 0

    assert "leftovers are removed" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_up_outside_a_checkout_names_the_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(["up", "--state", str(tmp_path / "state")]) == 1

    assert "--template" in capsys.readouterr().err


def test_up_beside_a_running_one_says_so_and_touches_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    StateFolder(tmp_path).claim()
    (tmp_path / "jobs").mkdir()

    assert main(["up", "--detach", "--state", str(tmp_path)]) == 1

    assert "already running" in capsys.readouterr().err
    assert (tmp_path / "jobs").is_dir()


def test_the_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    assert ended.value.code == 0
    assert 'slash --as alice "run --instance ml.m5.large"' in capsys.readouterr().out
