"""Which of the SSH server's packages fit an image's Python, and that only pinned ones are unpacked."""

from __future__ import annotations

import hashlib
import platform
import sys
import zipfile
from typing import TYPE_CHECKING, NamedTuple

import pytest

from sshq.container.ssh_server import unpack

if TYPE_CHECKING:
    from pathlib import Path

GLIBC = ("glibc", "2.31")
MUSL = ("", "")
CFFI = "cffi-2.1.1-cp312-cp312-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"
CFFI_MUSL = "cffi-2.1.1-cp312-cp312-musllinux_1_2_x86_64.whl"
NEW_GLIBC = "cryptography-50.0.2-cp39-abi3-manylinux_2_34_x86_64.whl"
OLD_GLIBC = "cryptography-50.0.2-cp39-abi3-manylinux_2_28_x86_64.whl"
NEW_PYTHON = "cryptography-50.0.2-cp313-abi3-manylinux_2_17_x86_64.whl"
PURE = "asyncssh-2.24.1-py3-none-any.whl"


@pytest.fixture
def image(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """CPython 3.12 on an x86_64 with glibc 2.31."""
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(platform, "libc_ver", lambda: GLIBC)
    monkeypatch.setattr(sys, "version_info", _Version(3, 12))
    return monkeypatch


class _Version(NamedTuple):
    major: int
    minor: int


def unpacked(folder: Path, *names: str, pinned: dict[str, bytes] | None = None) -> str:
    for name in names:
        with zipfile.ZipFile(folder / name, "w") as wheel:
            wheel.writestr(f"{name.partition('-')[0]}.txt", name)
    content = {name: (folder / name).read_bytes() for name in names} | (pinned or {})
    lines = [f"{hashlib.sha256(body).hexdigest()}  {name}" for name, body in content.items()]
    return unpack.main(str(folder), str(folder / "lib"), "\n".join(lines))


@pytest.mark.usefixtures("image")
def test_one_package_of_each_is_unpacked(tmp_path: Path) -> None:
    typing = "typing_extensions-4.16.0-py3-none-any.whl"

    assert unpacked(tmp_path, PURE, CFFI, CFFI_MUSL, NEW_GLIBC, OLD_GLIBC, NEW_PYTHON, typing) == ""

    assert (tmp_path / "lib/cryptography.txt").read_text() == OLD_GLIBC
    assert (tmp_path / "lib/cffi.txt").read_text() == CFFI
    assert {path.stem for path in (tmp_path / "lib").iterdir()} == set(unpack.PACKAGES)


@pytest.mark.parametrize(
    ("libc", "machine", "fitting"),
    [
        (GLIBC, "x86_64", CFFI),
        (MUSL, "x86_64", CFFI_MUSL),
        (("glibc", "2.12"), "x86_64", None),
        (GLIBC, "aarch64", None),
    ],
)
def test_the_c_library_and_the_processor_decide(
    image: pytest.MonkeyPatch, libc: tuple[str, str], machine: str, fitting: str | None
) -> None:
    image.setattr(platform, "libc_ver", lambda: libc)
    image.setattr(platform, "machine", lambda: machine)

    fits = [name for name in (CFFI, CFFI_MUSL) if unpack._fits(name, "cffi")]

    assert fits == ([fitting] if fitting else [])


@pytest.mark.usefixtures("image")
def test_a_package_that_is_missing_or_changed_is_told(tmp_path: Path) -> None:
    assert unpacked(tmp_path, PURE, CFFI_MUSL) == "no_ssh_server_for_this_python"
    assert unpacked(tmp_path, PURE, pinned={PURE: b"another"}) == "checksum_differs"


def test_an_old_python_is_told(image: pytest.MonkeyPatch, tmp_path: Path) -> None:
    image.setattr(sys, "version_info", _Version(3, 8))

    assert unpacked(tmp_path, PURE) == "python_too_old"
