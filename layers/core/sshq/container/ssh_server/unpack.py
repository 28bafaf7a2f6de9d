"""`python unpack.py FOLDER TARGET`: unpack the packages of the SSH server that fit this Python.

FOLDER has wheels for several Pythons, processors and C libraries; standard input, the lines of
`sha256sum` that setup pinned. Only what is pinned is unpacked. One line on standard output says what
went wrong, as a code; the exit code is 1 then. Needs the standard library alone.
"""

from __future__ import annotations

import hashlib
import platform
import re
import sys
import zipfile
from pathlib import Path

OLDEST = (3, 10)
PACKAGES = ("asyncssh", "cffi", "cryptography", "typing_extensions")
_NAME = re.compile(
    r"(?P<package>[^-]+)-[^-]+-(?P<python>[^-]+)-(?P<abi>[^-]+)-(?P<platform>[^-]+)\.whl"
)
_LIBC = re.compile(r"(?P<libc>manylinux|musllinux)_(?P<major>\d+)_(?P<minor>\d+)_(?P<machine>\w+)")


def main(folder: str, target: str, pinned: str) -> str:
    """The code of what went wrong, or nothing."""
    if sys.version_info < OLDEST:
        return "python_too_old"
    digests = {line[66:]: line[:64] for line in pinned.splitlines()}
    for package in PACKAGES:
        wheel = next((name for name in sorted(digests) if _fits(name, package)), None)
        if wheel is None:
            return "no_ssh_server_for_this_python"
        content = Path(folder, wheel).read_bytes()
        if hashlib.sha256(content).hexdigest() != digests[wheel]:
            return "checksum_differs"
        with zipfile.ZipFile(Path(folder, wheel)) as archive:
            archive.extractall(target)
    return ""


def _fits(name: str, package: str) -> bool:
    found = _NAME.fullmatch(name)
    if found is None or found["package"] != package:
        return False
    return _fits_python(found["python"], found["abi"]) and any(
        _fits_platform(tag) for tag in found["platform"].split(".")
    )


def _fits_python(python: str, abi: str) -> bool:
    if abi == "none":
        return "py3" in python.split(".")
    version = re.fullmatch(r"cp3(\d+)", python)
    if version is None or sys.implementation.name != "cpython":
        return False
    minor = int(version[1])
    return minor <= sys.version_info.minor if abi == "abi3" else minor == sys.version_info.minor


def _fits_platform(tag: str) -> bool:
    if tag == "any":
        return True
    found = _LIBC.fullmatch(tag)
    if found is None or found["machine"] != platform.machine():
        return False
    # Python knows glibc by name; what else runs CPython in a container is musl.
    name, version = platform.libc_ver()
    if name != "glibc":
        return found["libc"] == "musllinux"
    here = tuple(int(part) for part in version.split(".")[:2])
    return found["libc"] == "manylinux" and (int(found["major"]), int(found["minor"])) <= here


if __name__ == "__main__":
    problem = main(sys.argv[1], sys.argv[2], sys.stdin.read())
    sys.stdout.write(problem)
    sys.exit(1 if problem else 0)
