"""The first process of a container with a root file system of its own (tests/root_container.py).

`root_container_init.py <JSON>`, in fresh mount and pid namespaces, as root. It lays the file system
out as a container runtime does, enters it, and becomes the command. Needs the standard library only.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import socket
import struct
import sys
from pathlib import Path
from typing import Any

MS_NOSUID, MS_REC, MS_PRIVATE, MS_BIND = 2, 16384, 1 << 18, 4096
SIOCSIFFLAGS, IFF_UP = 0x8914, 1

_libc = ctypes.CDLL(None, use_errno=True)


def main(wishes: dict[str, Any]) -> None:
    root = Path(wishes["work"]) / "root"
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    # What is written stays in memory and goes with the namespace; the tree below is left as it is.
    _mount("tmpfs", wishes["work"], "tmpfs")
    for name in ("upper", "inner", "root"):
        (Path(wishes["work"]) / name).mkdir()
    layers = (
        f"lowerdir={wishes['root']},upperdir={wishes['work']}/upper,workdir={wishes['work']}/inner"
    )
    _mount("overlay", root, "overlay", data=layers)
    for name in ("proc", "dev", "tmp", "opt/ml"):
        (root / name).mkdir(parents=True, exist_ok=True)
    _mount("proc", root / "proc", "proc")
    _devices(root / "dev")
    for source, target in [(wishes["ml"], "opt/ml"), *wishes["binds"]]:
        _mount(source, root / target, None, MS_BIND)
    if wishes["offline"]:
        _bring_loopback_up()
    os.chroot(root)
    os.chdir("/")
    os.execve(wishes["command"][0], wishes["command"], wishes["environment"])  # noqa: S606


def _devices(dev: Path) -> None:
    _mount("tmpfs", dev, "tmpfs", MS_NOSUID)
    for name in ("null", "zero", "random", "urandom", "tty"):
        (dev / name).touch()
        _mount(f"/dev/{name}", dev / name, None, MS_BIND)
    (dev / "pts").mkdir()
    _mount("devpts", dev / "pts", "devpts", data="newinstance,ptmxmode=0666,mode=0620,gid=5")
    (dev / "ptmx").symlink_to("pts/ptmx")
    (dev / "shm").mkdir(mode=0o1777)


def _mount(
    source: str, target: str | Path, kind: str | None, flags: int = 0, data: str = ""
) -> None:
    words = [os.fsencode(word) if word else None for word in (source, str(target), kind, data)]
    if _libc.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3]):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), str(target))


def _bring_loopback_up() -> None:
    with socket.socket() as anything:
        fcntl.ioctl(anything, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
