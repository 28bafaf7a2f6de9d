"""The container's first process: no start-up file runs that isn't what the bot put into S3."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from sshq.container import checksums, entrypoint, startup_digest
from sshq.container.files import SUMS

if TYPE_CHECKING:
    from pathlib import Path

SCRIPTS = {"start.sh": b'. "${0%/*}/more.sh"; pwd; exit 3\n', "more.sh": b"echo more\n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "ml/input/data/it's code"
    folder.mkdir(parents=True)
    (tmp_path / "ml/output").mkdir()
    for name, content in {**SCRIPTS, SUMS: checksums(SCRIPTS)}.items():
        (folder / name).write_bytes(content)
    return folder


def digest_of(folder: Path) -> str:
    done = subprocess.run(
        ["sha256sum", folder / SUMS], stdout=subprocess.PIPE, check=True, text=True
    )
    return done.stdout.split()[0].removeprefix("\\")


def run(
    shell: list[str], folder: Path, digest: str, path: str = "/usr/bin:/bin"
) -> subprocess.CompletedProcess[str]:
    _sh, _c, script, _folder, _digest = entrypoint(digest)
    return subprocess.run(
        [*shell, "-c", script, str(folder), digest],
        cwd="/",
        env={"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_sagemakers_limit_is_kept() -> None:
    assert max(map(len, entrypoint(startup_digest()))) <= 256


def test_untouched_files_run_in_the_images_own_folder(shell: list[str], folder: Path) -> None:
    done = run(shell, folder, digest_of(folder))

    assert (done.returncode, done.stdout, done.stderr) == (3, "more\n/\n", "")


@pytest.mark.parametrize("name", ["start.sh", "more.sh", SUMS])
def test_a_changed_file_ends_the_job_before_anything_runs(
    shell: list[str], folder: Path, name: str
) -> None:
    digest = digest_of(folder)
    with (folder / name).open("ab") as file:
        file.write(b"\n# changed\n")

    done = run(shell, folder, digest)

    said = "sshq: the start-up files were changed\n"
    assert (done.returncode, done.stdout) == (78, said)
    assert (folder / "../../../output/failure").read_text() == said


def test_new_checksums_for_changed_files_dont_help(shell: list[str], folder: Path) -> None:
    digest = digest_of(folder)
    changed = {**SCRIPTS, "more.sh": b"echo evil\n"}
    for name, content in {**changed, SUMS: checksums(changed)}.items():
        (folder / name).write_bytes(content)

    assert run(shell, folder, digest).returncode == 78


def test_an_image_without_sha256sum_still_starts(folder: Path, tmp_path: Path) -> None:
    done = run(["/bin/sh"], folder, "0" * 64, path=str(tmp_path))

    assert (done.returncode, done.stdout) == (3, "more\n/\n")
