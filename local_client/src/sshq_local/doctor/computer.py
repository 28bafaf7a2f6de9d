"""This computer: ssh, the program that ssh starts for us, and SSH's configuration as ssh reads it."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from sshq_local.doctor.findings import failed, ok, refused
from sshq_local.errors import Refusal
from sshq_local.leased import plain_ssh_command
from sshq_local.ssh_client import find_ssh
from sshq_local.ssh_config import own_config
from sshq_local.ssh_include import has_include, include_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sshq_local.doctor.findings import Finding
    from sshq_local.installation import Installation
    from sshq_local.lease import Node
    from sshq_local.ssh_client import SshClient


def check_ssh(search_path: str | None = None) -> tuple[Finding, SshClient | None]:
    """Is there an ssh, and is it new enough?"""
    try:
        ssh = find_ssh(search_path)
    except Refusal as refusal:
        return refused("ssh", refusal), None
    return ok("ssh", "ssh-found", version=ssh.version, path=ssh.path), ssh


def check_configuration(
    installation: Installation, ssh: SshClient, node: Node
) -> Iterator[Finding]:
    """Does ssh read the configuration, and what does it make of the machine's alias?"""
    yield _program(installation)
    done = subprocess.run(
        [*plain_ssh_command(installation, ssh), "-G", node.alias],
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        why = done.stderr.decode(errors="replace").strip().splitlines()
        yield failed("config", "config-unreadable", why=why[0] if why else done.returncode)
        return
    yield ok("config", "config-read", path=installation.user_config)
    values = dict(
        line.split(" ", 1)
        for line in done.stdout.decode(errors="replace").splitlines()
        if " " in line
    )
    yield _include(installation, node, values)


def _program(installation: Installation) -> Finding:
    """ssh starts Python by the path that stood when the lease was taken: is it still there?"""
    try:
        lines = own_config(installation).read_text("utf-8").splitlines()
    except OSError:
        return failed("program", "no-own-config", path=own_config(installation))
    for line in lines:
        words = line.strip().split(None, 1)
        if words[:1] == ["ProxyCommand"] and words[1] != "none":
            program = shlex.split(words[1].replace("%%", "%"))[0]
            if not Path(program).exists():
                return failed("program", "program-gone", program=program)
            return ok("program", "program-there", program=program)
    return failed("program", "no-own-config", path=own_config(installation))


def _include(installation: Installation, node: Node, values: dict[str, str]) -> Finding:
    """The machine's values as ssh will use them: ours, or somebody else's came first."""
    wanted = {"hostkeyalias": node.alias, "stricthostkeychecking": "true", "identitiesonly": "yes"}
    strange = [
        name
        for name, value in wanted.items()
        if values.get(name, "").replace("yes", "true") != value.replace("yes", "true")
    ]
    if "sshq_local" not in values.get("proxycommand", ""):
        strange.insert(0, "proxycommand")
    if not strange:
        return ok("include", "include-first")
    line = include_line(installation)
    facts = {"path": installation.user_config, "alias": node.alias, "line": line}
    if not has_include(installation):
        return failed("include", "include-absent", **facts)
    return failed("include", "include-late", options=", ".join(strange), **facts)
