"""sshq's own SSH configuration: one block for each machine, made anew from the leases each time."""

from __future__ import annotations

import hashlib
import shlex
from typing import TYPE_CHECKING

from sshq_local.atomic_write import write_atomically
from sshq_local.file_lock import locked
from sshq_local.installation import written_for_ssh

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sshq_local.installation import Installation
    from sshq_local.lease import Lease, Node
    from sshq_local.lease_store import LeaseStore

_SOCKET_PATH_LIMIT = 104 - 1 - 17
"""sun_path on macOS (Linux has 108), less its NUL and the suffix that ssh adds while it binds."""

_HEADER = "# Written by sshq-local from the leases that this computer holds; changes are lost.\n"


def own_config(installation: Installation) -> Path:
    return installation.data / "ssh_config"


def refresh_own_config(installation: Installation, store: LeaseStore, *, now: float) -> None:
    """Forget what has expired and write the blocks of what is left."""
    with locked(installation.data / "ssh_config.lock"):
        store.remove_expired(now=now)
        text = render(installation, store, store.all())
        if not installation.is_windows:
            (installation.data / "mux").mkdir(mode=0o700, exist_ok=True)
        write_atomically(own_config(installation), text.encode())


def render(installation: Installation, store: LeaseStore, leases: Sequence[Lease]) -> str:
    """The file's text. Where two leases have a machine in common, the first one wins, as in ssh."""
    blocks = [_block(installation, store, lease, node) for lease in leases for node in lease.nodes]
    return _HEADER + "".join(blocks)


def _block(installation: Installation, store: LeaseStore, lease: Lease, node: Node) -> str:
    def path(value: Path) -> str:
        return written_for_ssh(value, installation.home)

    options = [
        # Ours comes first in ~/.ssh/config, so what is set here can't be changed by a `Host *` there.
        ("HostName", node.alias),
        ("User", lease.login_user),
        ("ProxyCommand", proxy_command(installation, lease, node)),
        ("IdentityFile", path(store.key_file(lease.id))),
        ("CertificateFile", path(store.certificate_file(lease.id))),
        ("IdentitiesOnly", "yes"),
        ("AddKeysToAgent", "no"),
        ("PreferredAuthentications", "publickey"),
        ("HostKeyAlias", node.alias),
        ("StrictHostKeyChecking", "yes"),
        ("UserKnownHostsFile", path(store.known_hosts_file(lease.id))),
        ("UpdateHostKeys", "no"),
        ("CheckHostIP", "no"),
        ("VerifyHostKeyDNS", "no"),
        ("CanonicalizeHostname", "no"),
        ("ConnectTimeout", "90"),
        # A laptop may sleep for most of an hour: SSM keeps an idle session for 60 minutes.
        ("ServerAliveInterval", "30"),
        ("ServerAliveCountMax", "140"),
        ("Compression", "yes"),  # SSM carries 0.65 MB/s
        *_sharing(installation, lease, node),
    ]
    lines = "".join(f"    {name} {value}\n" for name, value in options)
    return f"\n{_renewal(installation, lease, node)}Host {node.alias}\n{lines}"


def proxy_command(installation: Installation, lease: Lease, node: Node) -> str:
    """What ssh runs to reach the node; everything it needs is in its arguments."""
    return _command(installation, "proxy", lease.id, str(node.rank))


def _renewal(installation: Installation, lease: Lease, node: Node) -> str:
    """ssh reads the certificate right after it starts the ProxyCommand, too early for a new one.

    `Match exec` comes before that. It costs a start of Python, so it is there only for a lease that
    outlives its certificate. Inside its double quotes, only POSIX's single quotes can be nested.
    """
    if lease.certificate_expires_at >= lease.expires_at - 60:
        return ""
    command = _command(installation, "renew", lease.id)
    return "" if '"' in command else f'Match originalhost {node.alias} exec "{command}"\n'


def _command(installation: Installation, verb: str, *arguments: str) -> str:
    # -P: not the current folder's modules. An absolute path: no PATH, no activated environment.
    words = [
        *(installation.python, "-P", "-m", "sshq_local", verb),
        *("--data-home", str(installation.data), *arguments),
    ]
    if installation.is_windows:
        # Git's sh and Microsoft's ssh both take double quotes and forward slashes.
        quoted = [word.replace("\\", "/") for word in words]
        text = " ".join(f'"{word}"' if " " in word else word for word in quoted)
    else:
        text = shlex.join(words)
    return text.replace("%", "%%")


def control_socket(installation: Installation, lease: Lease, node: Node) -> Path | None:
    """Where connections to one node are shared; None where that can't be.

    Not ssh's own %C: 40 characters are too many for macOS's long data folder.
    """
    if installation.is_windows:  # its OpenSSH has no ControlMaster
        return None
    name = hashlib.sha256(f"{lease.id}/{node.rank}".encode()).hexdigest()[:12]
    path = installation.data / "mux" / name
    return path if len(str(path).encode()) <= _SOCKET_PATH_LIMIT else None


def _sharing(installation: Installation, lease: Lease, node: Node) -> list[tuple[str, str]]:
    socket = control_socket(installation, lease, node)
    if socket is None:
        return []
    return [
        ("ControlMaster", "auto"),
        ("ControlPath", written_for_ssh(socket, installation.home)),
        ("ControlPersist", "60"),
    ]
