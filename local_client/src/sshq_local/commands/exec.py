"""Run one command on a leased machine; its output and exit code are this command's own."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from sshq_local.errors import Exit, Reason, Refusal
from sshq_local.installation import this_installation
from sshq_local.lease_store import LeaseStore
from sshq_local.leased import ssh_command
from sshq_local.ssh_client import find_ssh, run_ssh

if TYPE_CHECKING:
    import argparse

EXAMPLES = """\
examples:
  sshq-local exec sshq-alice-gpu-7f3k2m9q -- nvidia-smi -L
  sshq-local exec sshq-alice-gpu-7f3k2m9q -- 'ls *.pt | wc -l'     one argument: the shell's line
  sshq-local exec sshq-alice-gpu-7f3k2m9q-1 -- python 'my script.py'   several: passed as they are
"""


TAKES_MORE = True
"""After `--`: the remote command."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "sshq-local exec <job> [--json] -- command [argument …]"
    parser.add_argument("job", help="the job or one of its machines")
    parser.add_argument("--json", action="store_true", help="exit_code, stdout and stderr as JSON")


def run(arguments: argparse.Namespace) -> int:
    if not arguments.after_dashes:
        raise Refusal(
            Reason.NO_COMMAND,
            "There is no command to run.",
            "Put it after two dashes: sshq-local exec <job> -- nvidia-smi",
            exit_code=Exit.USAGE,
        )
    installation = this_installation()
    store = LeaseStore(installation.data)
    lease, rank = store.find(arguments.job)
    node = lease.node(rank) or lease.nodes[0]
    words = arguments.after_dashes
    # ssh joins its arguments with spaces, and the other side's shell takes them apart anew.
    line = words[0] if len(words) == 1 else shlex.join(words)
    command = [*ssh_command(installation, find_ssh()), node.alias, line]
    started = time.time()
    if arguments.json:
        done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
        failure = _failure(store, lease.id, done.returncode, started)
        print(
            json.dumps(
                {
                    "exit_code": done.returncode,
                    "stdout": done.stdout.decode(errors="replace"),
                    "stderr": done.stderr.decode(errors="replace"),
                    "error": failure,
                }
            )
        )
        return done.returncode
    code = run_ssh(command)
    failure = _failure(store, lease.id, code, started)
    if failure is not None:
        print(f"sshq-local: {failure.get('what')} {failure.get('next')}", file=sys.stderr)
    return code


def _failure(
    store: LeaseStore, lease_id: str, code: int, started: float
) -> dict[str, object] | None:
    if code != Exit.SSH_FAILED:
        return None
    return store.last_failure(lease_id, since=started - 1)
