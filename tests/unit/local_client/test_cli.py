from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from sshq_local.cli import COMMANDS, main
from sshq_local.errors import Exit
from sshq_local.language import text
from sshq_local.parser import parser_for
from sshq_local.progress import Progress
from sshq_local.version import VERSION


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    shown = capsys.readouterr().out
    assert text(f"help.{command}").splitlines()[0] in shown
    assert f"examples:\n  sshq-local {command}" in shown
    assert "exit codes:" in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_chinese_where_the_locale_is(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSHQ_LANG", "zh")
    with pytest.raises(SystemExit):
        main([command, "--help"])
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("用法：", "选项", "示例：", "退出码："))
    assert not {"usage:", "options:", "positional arguments"} & set(shown.split("\n"))


def test_every_command_that_answers_does_it_in_json_too() -> None:
    # attach is a terminal, and completion prints a script.
    for command in set(COMMANDS) - {"attach", "completion"}:
        options, _ = parser_for(command)
        assert "--json" in options.format_help(), command


def test_what_nobody_foresaw_is_a_sentence_unless_debugging(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_arguments: object) -> int:
        raise ZeroDivisionError("an inner secret")

    monkeypatch.setattr("sshq_local.commands.version.run", fail)
    assert main(["version"]) == Exit.INTERNAL
    said = capsys.readouterr().err
    assert "ZeroDivisionError" in said
    assert "--debug" in said
    assert "Traceback" not in said
    assert "secret" not in said
    with pytest.raises(ZeroDivisionError):
        main(["version", "--debug"])


def test_the_overview_names_each_command_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert all(f"  {command} " in shown for command in COMMANDS)
    assert "4 ssh (or the tool asked for) is missing" in shown


@pytest.mark.parametrize(
    "words", [["nonsense"], ["connect"], ["ls", "x"], ["ls", "--", "x"], ["connect", "a", "b"]]
)
def test_wrong_usage_is_two(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == Exit.USAGE
    said = capsys.readouterr().err
    assert said.startswith("sshq-local: ")
    assert "\n  → sshq-local " in said
    assert "--help" in said


@pytest.mark.parametrize(
    "words", [["nonsense", "--json"], ["exec", "--json"], ["ls", "--json", "x"]]
)
def test_wrong_usage_is_json_where_json_is_wanted(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSHQ_LANG", "zh")
    assert main(words) == Exit.USAGE
    said = capsys.readouterr()
    error = json.loads(said.out)["error"]
    assert (error["reason"], error["exit_code"]) == ("bad-usage", 2)
    assert said.err == ""
    assert said.out.isascii()  # a pipe of another encoding would get question marks


def test_a_slip_of_the_hand_is_told_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conect", "x"]) == Exit.USAGE
    assert "did you mean connect?" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["proxy", "renew"])
def test_what_ssh_runs_is_no_command_for_people(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word]) == 255
    assert "is run by ssh" in capsys.readouterr().err


def test_the_version_is_the_package_s() -> None:
    project = Path(__file__).parents[3] / "local_client" / "pyproject.toml"
    assert tomllib.loads(project.read_text("utf-8"))["project"]["version"] == VERSION


def test_progress_tells_how_long_and_whether(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([1.0, 1.25, 2.0])
    progress = Progress(clock=lambda: next(times))
    with progress.stage("Looking"):
        pass
    with pytest.raises(KeyError), progress.stage("Failing"):
        raise KeyError
    assert capsys.readouterr().err == "Looking … 0.25 s\nFailing … failed\n"


def test_quiet_progress_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(quiet=True).stage("Looking"):
        pass
    assert capsys.readouterr().err == ""
