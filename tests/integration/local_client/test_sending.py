"""Files sent by rsync, to a machine that is a folder of this computer."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from sshq_local.errors import Refusal
from sshq_local.syncing.sending import Sender
from sshq_local.syncing.tree import Changes

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "a").write_text("1")
    (folder / "b").write_text("2")
    return folder


@pytest.fixture
def sender(tmp_path: Path) -> Sender:
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\nshift; eval "$*"\n')
    ssh.chmod(0o755)
    (tmp_path / "there").mkdir()
    return Sender((str(ssh),), "machine", str(tmp_path / "there"), rsync=True)


def test_a_file_that_could_not_be_sent_is_not_called_sent(
    here: Path, sender: Sender, tmp_path: Path
) -> None:
    (tmp_path / "there" / "a" / "in the way").mkdir(parents=True)

    with pytest.raises(Refusal, match="could not make way for"):
        sender.send(here, Changes(("a", "b"), ()))

    assert (tmp_path / "there" / "b").read_text() == "2"


def test_a_file_that_goes_meanwhile_keeps_no_other_back(
    here: Path, sender: Sender, tmp_path: Path
) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(ssh.read_text().replace("shift;", f"rm -f {here}/a; shift;"))

    sender.send(here, Changes(("a", "b"), ()))

    assert [path.name for path in (tmp_path / "there").iterdir()] == ["b"]
