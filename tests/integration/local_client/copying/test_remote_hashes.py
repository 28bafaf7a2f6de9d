"""Hashing on the machine: with the shells and the tools that images have."""

from __future__ import annotations

import shutil
import sys
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from sshq_local.copying.link import LinkLost, remote_hashes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = ["plain", "two words", 'it\'s "quoted" $HOME `x`', "new\nline", "-dash", "missing"]


@pytest.fixture
def machine(tmp_path: Path) -> Callable[..., list[str]]:
    """An "ssh" that runs its command here, by this shell, with these tools and no others."""

    def made(shell: str, *tools: str) -> list[str]:
        tools_folder = tmp_path / "bin"
        tools_folder.mkdir()
        for tool in (shell.split(maxsplit=1)[0], *tools):
            found = sys.executable if tool == "python3" else shutil.which(tool)
            assert found, f"{tool} is not installed"
            (tools_folder / tool).symlink_to(found)
        home = tmp_path / "home"
        home.mkdir()
        for name in NAMES[:-1]:
            (home / name).write_bytes(name.encode())
        if shell == "busybox sh":
            (tools_folder / "sh").symlink_to(tools_folder / "busybox")
        ssh = tmp_path / "ssh"
        ssh.write_text(
            f"#!/bin/sh\nfor last; do :; done\ncd '{home}'\n"
            f"PATH='{tools_folder}' exec '{tools_folder}/{shell.rsplit(maxsplit=1)[-1]}' -c \"$last\"\n"
        )
        ssh.chmod(0o755)
        return [str(ssh)]

    return made


@pytest.mark.parametrize("tool", ["sha256sum", "openssl", "shasum", "python3"])
def test_one_tool_will_do(machine: Callable[..., list[str]], tool: str) -> None:
    tools = ["perl"] if tool == "shasum" else []
    found = remote_hashes(machine("sh", tool, *tools), "job", NAMES)
    assert found == [*(sha256(name.encode()).hexdigest() for name in NAMES[:-1]), ""]


def test_busybox_will_do(machine: Callable[..., list[str]]) -> None:
    found = remote_hashes(machine("busybox sh"), "job", NAMES)
    assert found == [*(sha256(name.encode()).hexdigest() for name in NAMES[:-1]), ""]


def test_a_machine_without_any_says_so(machine: Callable[..., list[str]]) -> None:
    assert remote_hashes(machine("sh"), "job", NAMES) is None


def test_a_connection_that_dies_is_no_answer(tmp_path: Path) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\necho 'it is lost' >&2\nexit 255\n")
    ssh.chmod(0o755)
    with pytest.raises(LinkLost, match="it is lost"):
        remote_hashes([str(ssh)], "job", NAMES)
