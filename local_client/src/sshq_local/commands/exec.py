"""Run one command on a leased machine; its output and exit code are this command's own."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from sshq_local.errors import Exit, Reason, Refusal, refusal
from sshq_local.installation import this_installation
from sshq_local.language import text
from sshq_local.lease_store import LeaseStore
from sshq_local.leased import refused_meanwhile, ssh_command, was_said
from sshq_local.output import say_json
from sshq_local.ssh_client import exit_code, find_ssh, run_ssh

if TYPE_CHECKING:
    import argparse

    from sshq_local.lease import Lease

TAKES_MORE = True
"""After `--`: the remote command."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = text("help.exec.usage")
    parser.add_argument("job", metavar="JOB", help=text("help.job"))
    parser.add_argument("--json", action="store_true", help=text("help.exec.json"))


def run(arguments: argparse.Namespace) -> int:
    if not arguments.after_dashes:
        raise refusal(Reason.NO_COMMAND, "leases.no-command", exit_code=Exit.USAGE)
    installation = this_installation()
    store = LeaseStore(installation.data)
    lease, node = store.find(arguments.job)
    words = arguments.after_dashes
    # ssh joins its arguments with spaces, and the other side's shell takes them apart anew.
    line = words[0] if len(words) == 1 else shlex.join(words)
    command = [*ssh_command(installation, find_ssh()), node.alias, line]
    started = time.time()
    if arguments.json:
        done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
        code = exit_code(done.returncode)
        refused = _refused(lease, store, code, started)
        say_json(
            {
                "exit_code": code,
                "stdout": done.stdout.decode(errors="replace"),
                "stderr": done.stderr.decode(errors="replace"),
                "error": refused and refused.as_json(),
            }
        )
        return code
    code = run_ssh(command)
    refused = _refused(lease, store, code, started)
    if refused is not None and not was_said():
        print(f"sshq-local: {refused.what} {refused.next_step}".rstrip(), file=sys.stderr)
    return code


def _refused(lease: Lease, store: LeaseStore, code: int, started: float) -> Refusal | None:
    return refused_meanwhile(lease, store, since=started) if code == Exit.SSH_FAILED else None
