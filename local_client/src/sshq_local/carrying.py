"""An ssh of our own that carries port forwards for as long as it is wanted."""

from __future__ import annotations

import contextlib
import subprocess
import time
from typing import TYPE_CHECKING

from sshq_local.errors import Exit, Reason, Refusal, refusal
from sshq_local.language import text
from sshq_local.lease_store import LeaseStore
from sshq_local.leased import refused_meanwhile, ssh_command
from sshq_local.ssh_client import exit_code, find_ssh

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sshq_local.forwards import Forward
    from sshq_local.installation import Installation
    from sshq_local.lease import Lease, Node
    from sshq_local.progress import Progress

_STANDING = b"sshq: the forwards stand"
_OPTIONS = (
    # Not over a shared connection: it would outlive us and keep the ports, and each SSM session
    # carries 0.65 MB/s of its own.
    *("-o", "ControlMaster=no", "-o", "ControlPath=none"),
    *("-o", "ExitOnForwardFailure=yes", "-o", "RemoteCommand=none", "-T"),
)


@contextlib.contextmanager
def carried(
    installation: Installation,
    lease: Lease,
    node: Node,
    forwards: Sequence[Forward],
    progress: Progress,
) -> Iterator[subprocess.Popen[bytes]]:
    """ssh, with the forwards standing; it is ended after the block. Raises Refusal (exit 255).

    A command on the other side says that they stand (ssh opens it last), and then waits for the end
    of its input: so it goes when we go, however we go.
    """
    options = [word for forward in forwards for word in forward.as_option()]
    command = (
        *ssh_command(installation, find_ssh()),
        *(*_OPTIONS, *options, node.alias),
        f"echo {_STANDING.decode()!r}; exec cat >/dev/null",
    )
    with progress.stage(text("forward.connecting", alias=node.alias)):
        started = time.time()
        ssh = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            _wait_until_standing(ssh)
        except Refusal as failed:
            _end(ssh)
            store = LeaseStore(installation.data)
            raise refused_meanwhile(lease, store, since=started) or failed from failed
        except BaseException:
            _end(ssh)
            raise
    try:
        yield ssh
    finally:
        _end(ssh)


def wait_for_the_end(ssh: subprocess.Popen[bytes]) -> int:
    """Until ssh ends (its exit code) or the person does (Ctrl-C: 0, it is what ends a forward)."""
    try:
        return exit_code(ssh.wait())
    except KeyboardInterrupt:
        return Exit.OK


def _wait_until_standing(ssh: subprocess.Popen[bytes]) -> None:
    for line in ssh.stdout or ():  # a login script of the machine's may speak first
        if line.strip() == _STANDING:
            return
    ssh.wait()
    raise refusal(
        Reason.FORWARD_FAILED, "forward.failed", exit_code=Exit.SSH_FAILED, code=ssh.returncode
    )


def _end(ssh: subprocess.Popen[bytes]) -> None:
    ssh.terminate()
    try:
        ssh.wait(timeout=5)
    except subprocess.TimeoutExpired:
        ssh.kill()
    ssh.communicate()
