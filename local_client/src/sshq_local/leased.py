"""What a held lease is used for: its API, its ssh command, and giving it back."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sshq_local.api import AccessApi
from sshq_local.errors import LEASE_ENDED, Exit, Reason, Refusal, refusal
from sshq_local.keys import load_key
from sshq_local.ssh_config import control_socket, own_config, refresh_own_config
from sshq_local.ssh_include import has_include

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from sshq_local.installation import Installation
    from sshq_local.lease import Lease
    from sshq_local.lease_store import LeaseStore
    from sshq_local.ssh_client import SshClient


def api_of(lease: Lease, store: LeaseStore) -> AccessApi:
    """The access API, as this lease. Raises Refusal when the lease's key is gone."""
    try:
        key = load_key(store.key_file(lease.id))
    except (OSError, ValueError) as error:
        raise refusal(Reason.NO_SUCH_LEASE, "lease.no-key", job=lease.job, why=error) from error
    return AccessApi(lease.api, key=key, key_id=lease.id, ca_file=lease.ca_file)


def asked(lease: Lease, store: LeaseStore) -> tuple[Lease, dict[str, Any]]:
    """What the access API says of the lease; an end that was moved meanwhile is remembered.

    Raises Refusal, for one when the lease is over.
    """
    answer = api_of(lease, store).lease()
    with contextlib.suppress(ValueError):
        moved = datetime.fromisoformat(str(answer.get("expires_at", ""))).timestamp()
        lease = store.prolong(lease, int(moved))
    return lease, answer


def ssh_command(installation: Installation, ssh: SshClient) -> tuple[str, ...]:
    """ssh, with a configuration that knows the aliases: our own where the user's doesn't include it."""
    if has_include(installation):
        return plain_ssh_command(installation, ssh)
    return (ssh.path, "-F", str(own_config(installation)))


def plain_ssh_command(installation: Installation, ssh: SshClient) -> tuple[str, ...]:
    """ssh as the user and the editors start it."""
    if installation.is_default_config:
        return (ssh.path,)
    return (ssh.path, "-F", str(installation.user_config))


def refused_meanwhile(lease: Lease, store: LeaseStore, *, since: float) -> Refusal | None:
    """Why the ProxyCommand of an ssh that was started at `since` failed, if it did: ssh itself knows
    only that the connection was closed.
    """
    failure = store.last_failure(lease.id, since=since - 1)
    if failure is None:
        return None
    code = failure.get("exit_code")
    return Refusal(
        str(failure.get("reason")),
        str(failure.get("what")),
        str(failure.get("next")),
        exit_code=Exit(code) if code in tuple(Exit) else Exit.SSH_FAILED,
    )


def was_said() -> bool:
    """Whether the person has read on the terminal already why the ProxyCommand failed: it says so."""
    return sys.stderr.isatty()


def described(lease: Lease) -> dict[str, object]:
    """A lease for `--json`: what a script can use, and no ticket's trace."""
    return {
        "id": lease.id,
        "job": lease.job,
        "owner": lease.owner,
        "expires_at": datetime.fromtimestamp(lease.expires_at, UTC).isoformat(),
        "api": lease.api,
        "login_user": lease.login_user,
        "nodes": [{"rank": node.rank, "alias": node.alias, "id": node.id} for node in lease.nodes],
    }


def local_time(epoch: float) -> str:
    """A time of this week, as this computer's clock shows it."""
    return datetime.fromtimestamp(epoch).astimezone().strftime("%a %H:%M")


def typed(command: Sequence[str], *, is_windows: bool) -> str:
    """A command as it is typed into this platform's shell."""
    return subprocess.list2cmdline(command) if is_windows else shlex.join(command)


def give_back(
    lease: Lease,
    installation: Installation,
    store: LeaseStore,
    ssh: SshClient | None,
    *,
    now: float,
    already_ended: bool = False,
) -> Refusal | None:
    """End the lease: shared connections, then at the access API, then on this computer.

    Whatever the API says, nothing stays on this computer. Returns what kept the API from knowing.
    """
    if ssh is not None:
        for node in lease.nodes:
            socket = control_socket(installation, lease, node)
            if socket is not None and socket.exists():
                subprocess.run(
                    [ssh.path, "-F", "none", "-S", str(socket), "-O", "exit", node.alias],
                    check=False,
                    capture_output=True,
                    stdin=subprocess.DEVNULL,
                )
    untold: Refusal | None = None
    if not already_ended:
        try:
            # Though its end has passed here: /sshq extend may have moved it.
            api_of(lease, store).end_lease()
        except Refusal as refused:
            is_over = lease.expires_at <= now and refused.exit_code is Exit.UNREACHABLE
            # Another process may be giving back the same lease.
            is_gone = refused.reason == Reason.NO_SUCH_LEASE and not store.held(lease.job)
            if not (is_over or is_gone or refused.reason == LEASE_ENDED):
                untold = refused
    store.remove(lease.id)
    refresh_own_config(installation, store, now=now)
    return untold
