"""Where the code comes from, and the shell lines that put it in place, run by a real shell."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from sshq.domain.job_source import check_source, command_with_source, s3_channel

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "source",
    [
        "s3://bucket",
        "s3://my-bucket/code/v1/source.tar.gz",
        "git+https://github.com/acme/train",
        "git+https://git.acme.example:8443/team/train.git@feature/x-1",
        "git+https://github.com/acme/train@3f1c0de",
    ],
)
def test_sources_that_are_taken(source: str) -> None:
    assert check_source(source) == source


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("https://github.com/acme/train", "^source$"),
        ("git+http://github.com/acme/train", "^source$"),
        ("git+https://token@github.com/acme/train", "source-with-token"),
        ("git+https://user:secret@github.com/acme/train@main", "source-with-token"),
        ("git+https://github.com/acme/train@--upload-pack=x", "source-ref"),
        ("git+https://github.com/acme/train@a..b", "source-ref"),
        ("git+https://github.com/acme/$(id)", "^source$"),
        ("s3://Bad_Bucket/x", "^source$"),
        ("s3://bucket/a b", "^source$"),
        ("file:///etc/passwd", "^source$"),
    ],
)
def test_sources_that_are_refused(source: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        check_source(source)


def run(command: str, ml: Path) -> str:
    (ml / "sshq").mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        ("sh", "-c", command),
        env={"SSHQ_HOME": str(ml / "sshq"), "PATH": "/usr/bin:/bin"},
        cwd=ml,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_a_command_runs_in_the_folder_that_s3_was_downloaded_to(tmp_path: Path) -> None:
    ml = tmp_path / "opt ml"
    (ml / "input/data/source").mkdir(parents=True)
    (ml / "input/data/source/train.sh").write_text("echo trained")

    assert run(command_with_source("s3://bucket/code/", "sh train.sh"), ml) == "trained\n"


def test_an_archive_is_unpacked_first(tmp_path: Path) -> None:
    (tmp_path / "train.sh").write_text("echo unpacked")
    folder = tmp_path / "ml/input/data/source"
    folder.mkdir(parents=True)
    subprocess.run(
        ("tar", "-C", str(tmp_path), "-czf", str(folder / "code.tar.gz"), "train.sh"), check=True
    )

    command = command_with_source("s3://bucket/code.tar.gz", "sh train.sh && exit 0")
    assert run(command, tmp_path / "ml") == "unpacked\n"


def test_a_failed_fetch_doesnt_run_the_command(tmp_path: Path) -> None:
    command = command_with_source("git+https://127.0.0.1:1/none", "echo ran")
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run(command, tmp_path)
    assert failed.value.stdout == ""


def test_a_workbench_waits_once_its_code_is_there() -> None:
    assert command_with_source("s3://bucket/code/", "") == ""
    assert "while :" in command_with_source("git+https://git.test/a", "")
    assert command_with_source("", "python x.py") == "python x.py"
    assert s3_channel("git+https://git.test/a") is None
