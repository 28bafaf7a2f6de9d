"""sshq's own SSH configuration: one block for each machine, made anew from the leases each time."""

from __future__ import annotations

import hashlib
import shlex
from typing import TYPE_CHECKING

from sshq_local.atomic_write import write_atomically
from sshq_local.file_lock import locked
from sshq_local.installation import short_path, written_for_ssh
from sshq_local.tunnels import standing_tunnels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sshq_local.installation import Installation
    from sshq_local.lease import Lease, Node
    from sshq_local.lease_store import LeaseStore
    from sshq_local.tunnels import Tunnel

CONFIG_LOCK = "ssh_config.lock"
"""In sshq's own folder: who holds it may write or remove what ssh reads of ours."""

_SOCKET_PATH_LIMIT = 104 - 1 - 17
"""sun_path on macOS (Linux has 108), less its NUL and the suffix that ssh adds while it binds."""

_HEADER = "# Written by sshq-local from the leases that this computer holds; changes are lost.\n"


def own_config(installation: Installation) -> Path:
    return installation.data / "ssh_config"


def refresh_own_config(installation: Installation, store: LeaseStore, *, now: float) -> None:
    """Forget what has expired and write the blocks of what is left."""
    with locked(installation.data / CONFIG_LOCK):
        store.remove_expired(now=now)
        tunnels = standing_tunnels(installation.data)
        text = render(installation, store, store.all(), tunnels)
        if not installation.is_windows:
            (installation.data / "mux").mkdir(mode=0o700, exist_ok=True)
        write_atomically(own_config(installation), text.encode())


def render(
    installation: Installation,
    store: LeaseStore,
    leases: Sequence[Lease],
    tunnels: Sequence[Tunnel] = (),
) -> str:
    """The file's text. Where two leases have a machine in common, the first one wins, as in ssh."""
    blocks = [_block(installation, store, lease, node) for lease in leases for node in lease.nodes]
    for tunnel in tunnels:
        lease = next((lease for lease in leases if lease.id == tunnel.lease), None)
        node = lease.node(tunnel.rank) if lease else None
        if lease and node:
            blocks.append(_tunnel_block(installation, store, lease, node, tunnel))
    return _HEADER + "".join(blocks)


def _block(installation: Installation, store: LeaseStore, lease: Lease, node: Node) -> str:
    options = [
        # Ours comes first in ~/.ssh/config, so what is set here can't be changed by a `Host *` there.
        ("HostName", node.alias),
        ("ProxyCommand", proxy_command(installation, lease, node)),
        ("Compression", "yes"),  # SSM carries 0.65 MB/s
        *_trust(installation, store, lease, node),
        *_sharing(installation, lease, node),
    ]
    return f"\n{_renewal(installation, lease, node.alias)}Host {node.alias}\n{_lines(options)}"


def _tunnel_block(
    installation: Installation, store: LeaseStore, lease: Lease, node: Node, tunnel: Tunnel
) -> str:
    """The node through a standing tunnel, checked as the node itself: no clash of host keys."""
    options = [
        ("HostName", "localhost"),
        ("Port", str(tunnel.port)),
        ("ProxyCommand", "none"),
        *_trust(installation, store, lease, node),
        ("ControlPath", "none"),
    ]
    renewal = _renewal(installation, lease, tunnel.alias)
    return f"\n{renewal}Host {tunnel.alias}\n{_lines(options)}"


def _trust(
    installation: Installation, store: LeaseStore, lease: Lease, node: Node
) -> list[tuple[str, str]]:
    """Who we are, whom we believe, and how long silence may last."""

    def path(value: Path) -> str:
        return written_for_ssh(value, installation.home)

    return [
        ("User", lease.login_user),
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
    ]


def _lines(options: Sequence[tuple[str, str]]) -> str:
    return "".join(f"    {name} {value}\n" for name, value in options)


def proxy_command(installation: Installation, lease: Lease, node: Node) -> str:
    """What ssh runs to reach the node; everything it needs is in its arguments."""
    return _as_written(installation, proxy_words(installation, lease, node))


def proxy_words(installation: Installation, lease: Lease, node: Node) -> list[str]:
    """The same, for running it ourselves."""
    return _words(installation, "proxy", lease.id, str(node.rank))


def _renewal(installation: Installation, lease: Lease, alias: str) -> str:
    """ssh reads the certificate right after it starts the ProxyCommand, too early for a new one.

    `Match exec` comes before that. It costs a start of Python, so it is there only for a lease that
    outlives its certificate. Inside its double quotes, only POSIX's single quotes can be nested.
    """
    if lease.certificate_expires_at >= lease.expires_at - 60:
        return ""
    words = _words(installation, "renew", lease.id)
    if installation.is_windows:
        words = [short_path(word) if " " in word else word for word in words]
    command = _as_written(installation, words)
    return "" if '"' in command else f'Match originalhost {alias} exec "{command}"\n'


def _words(installation: Installation, verb: str, *arguments: str) -> list[str]:
    # -P: not the current folder's modules. An absolute path: no PATH, no activated environment.
    return [
        *(installation.python, "-P", "-m", "sshq_local", verb),
        *("--data-home", str(installation.data), *arguments),
    ]


def _as_written(installation: Installation, words: list[str]) -> str:
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
