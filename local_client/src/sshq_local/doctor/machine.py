"""The machine: the data channel to it, its sshd, its host key, our certificate, its C library."""

from __future__ import annotations

import re
import subprocess
from threading import Thread
from typing import TYPE_CHECKING

from sshq_local.doctor.findings import failed, ok, warned
from sshq_local.leased import ssh_command
from sshq_local.ssh_config import proxy_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sshq_local.doctor.findings import Finding
    from sshq_local.installation import Installation
    from sshq_local.lease import Lease, Node
    from sshq_local.ssh_client import SshClient

_PATIENCE = 30.0
"""Seconds for a session to start and for sshd's first line."""
_ENOUGH_GLIBC = (2, 28)
"""What VS Code's server asks for since version 1.86 of January 2024."""

_GLIBC = "getconf GNU_LIBC_VERSION 2>/dev/null || ldd --version 2>&1 || :"


def check_channel(installation: Installation, lease: Lease, node: Node) -> Iterator[Finding]:
    """Start the ProxyCommand by itself, and wait for sshd's first line."""
    banner: list[bytes] = []
    with subprocess.Popen(
        proxy_words(installation, lease, node),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as proxy:
        out = proxy.stdout

        def read() -> None:
            banner.append(out.readline() if out else b"")

        reader = Thread(target=read, daemon=True)
        reader.start()
        reader.join(_PATIENCE)
        still_runs = proxy.poll() is None and not banner
        proxy.terminate()
        said = (proxy.stderr.read() if proxy.stderr else b"").decode(errors="replace").strip()
        reader.join()
    line = banner[0].decode(errors="replace").strip()
    if line.startswith("SSH-"):
        yield ok("channel", "channel-open", node=node.id)
        yield ok("sshd", "sshd-answers", banner=line)
    elif still_runs:
        yield ok("channel", "channel-open", node=node.id)
        yield failed("sshd", "sshd-silent", seconds=int(_PATIENCE))
    else:
        why = said.splitlines()[-1].removeprefix("sshq-local: ") if said else "?"
        yield failed("channel", "channel-fails", why=why, alias=node.alias)


def check_login(installation: Installation, ssh: SshClient, node: Node) -> Iterator[Finding]:
    """Log in as ssh would, over a connection of its own."""
    done = subprocess.run(
        [
            *ssh_command(installation, ssh),
            *("-o", "ControlMaster=no", "-o", "ControlPath=none", "-o", "BatchMode=yes"),
            *("-o", "RemoteCommand=none", "-T", node.alias, _GLIBC),
        ],
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    said = done.stderr.decode(errors="replace")
    if "Host key verification failed" in said:
        yield failed("host-key", "host-key-changed", alias=node.alias)
        return
    if "Permission denied" in said:
        yield ok("host-key", "host-key-pinned")
        yield failed("login", "login-denied", alias=node.alias)
        return
    if done.returncode != 0:
        lines = said.strip().splitlines()
        yield failed("login", "login-fails", why=lines[-1] if lines else done.returncode)
        return
    yield ok("host-key", "host-key-pinned")
    yield ok("login", "login-works")
    yield glibc(done.stdout.decode(errors="replace"))


def glibc(said: str) -> Finding:
    """Judge what `getconf GNU_LIBC_VERSION`, or else `ldd --version`, said."""
    if "musl" in said.lower():
        return warned("glibc", "glibc-musl")
    match = re.search(r"(?:glibc|ldd)\b[^\n]*?(\d+)\.(\d+)\s*$", said, re.MULTILINE | re.IGNORECASE)
    if match is None:
        return warned("glibc", "glibc-unknown")
    version = (int(match[1]), int(match[2]))
    facts = {"version": f"{version[0]}.{version[1]}", "wanted": "{}.{}".format(*_ENOUGH_GLIBC)}
    if version < _ENOUGH_GLIBC:
        return warned("glibc", "glibc-old", **facts)
    return ok("glibc", "glibc-fine", **facts)
