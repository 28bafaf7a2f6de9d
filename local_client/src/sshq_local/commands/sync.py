"""Watch a folder, and send what changes in it to a machine."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sshq_local.errors import Exit, Reason, Refusal, refusal
from sshq_local.installation import this_installation
from sshq_local.language import text
from sshq_local.lease_store import LeaseStore
from sshq_local.leased import api_of, refused_meanwhile, ssh_command
from sshq_local.output import say, say_json
from sshq_local.progress import Progress
from sshq_local.ssh_client import find_ssh
from sshq_local.syncing.sending import Sender
from sshq_local.syncing.tree import NOT_SENT, Changes, Tree, changes, scan

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

_PAUSE = 0.5
_SHARE = 4
"""How many times longer than a look at the files the pause after it is, at least."""
_LONGEST_PAUSE = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", help=text("help.job"))
    parser.add_argument(
        "folder", metavar="FOLDER", nargs="?", default=".", help=text("help.sync.folder")
    )
    parser.add_argument("target", metavar="THERE", nargs="?", help=text("help.sync.target"))
    parser.add_argument(
        "--exclude", metavar="PATTERN", action="append", default=[], help=text("help.sync.exclude")
    )
    parser.add_argument("--delete", action="store_true", help=text("help.sync.delete"))
    parser.add_argument("--once", action="store_true", help=text("help.sync.once"))
    parser.add_argument("--json", action="store_true", help=text("help.sync.json"))


def run(arguments: argparse.Namespace) -> int:
    root = Path(arguments.folder).resolve()
    if not root.is_dir():
        raise refusal(
            Reason.BAD_PATH, "sync.no-folder", folder=arguments.folder, exit_code=Exit.USAGE
        )
    installation = this_installation()
    store = LeaseStore(installation.data)
    lease, node = store.find(arguments.job)
    progress = Progress(quiet=arguments.json)
    with progress.stage(text("sync.preparing", alias=node.alias)):
        started = time.time()
        try:
            sender = _sender(
                ssh_command(installation, find_ssh()), node.alias, arguments.target or root.name
            )
        except Refusal as failed:
            if failed.exit_code is Exit.SSH_FAILED:
                raise refused_meanwhile(lease, store, since=started) or failed from failed
            raise
    excluded = (*NOT_SENT, *arguments.exclude)
    how = "rsync" if sender.rsync else "sftp"
    progress.say(
        text("sync.watching", folder=root, alias=node.alias, target=sender.target, how=how)
    )

    def check_lease() -> None:
        """Raises Refusal when it is over; an API that can't be reached now may be reached later."""
        try:
            api_of(lease, store).lease()
        except Refusal as refused:
            if refused.exit_code is not Exit.UNREACHABLE:
                raise

    try:
        return _keep(arguments, root, sender, excluded, check_lease)
    except KeyboardInterrupt:
        return Exit.OK  # it is what ends a sync


def _keep(
    arguments: argparse.Namespace,
    root: Path,
    sender: Sender,
    excluded: tuple[str, ...],
    check_lease: Callable[[], None],
) -> int:
    """Look, send, pause; what couldn't be sent is sent with the next round, while the lease lasts."""
    there: Tree = {}
    pause = _PAUSE
    while True:
        began = time.monotonic()
        here = scan(root, excluded)
        looked = time.monotonic() - began
        found = changes(there, here)
        if not arguments.delete:
            found = Changes(found.changed, ())
        if found:
            try:
                sender.send(root, found)
            except Refusal as failed:
                if arguments.once:
                    raise
                check_lease()
                pause = min(pause * 2, _LONGEST_PAUSE)
                again = text("sync.again", what=failed.what, seconds=f"{pause:.0f}")
                Progress(quiet=arguments.json).say(again)
                time.sleep(pause)
                continue
            _tell(found, sum(here[path][1] for path in found.changed), began, arguments)
        there = here
        if arguments.once:
            return Exit.OK
        pause = max(_PAUSE, looked * _SHARE)
        time.sleep(pause)


def _sender(ssh: tuple[str, ...], alias: str, target: str) -> Sender:
    """Make the folder there, learn its full name and whether there is an rsync."""
    script = f"mkdir -p -- {shlex.quote(target)} && cd -- {shlex.quote(target)} && pwd -P && "
    script += "{ command -v rsync || :; }"
    done = subprocess.run(
        [*ssh, "-T", alias, script], capture_output=True, check=False, stdin=subprocess.DEVNULL
    )
    lines = done.stdout.decode(errors="replace").splitlines()
    if done.returncode != 0 or not lines:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise refusal(
            Reason.NOT_SENT,
            "sync.no-target",
            target=target,
            alias=alias,
            why=said[-1] if said else done.returncode,
            exit_code=Exit.SSH_FAILED if done.returncode == Exit.SSH_FAILED else Exit.REFUSED,
        )
    rsync = len(lines) > 1 and shutil.which("rsync") is not None
    return Sender(ssh, alias, lines[0], rsync)


def _tell(found: Changes, size: int, began: float, arguments: argparse.Namespace) -> None:
    seconds = time.monotonic() - began
    if arguments.json:
        facts = {"sent": found.changed, "deleted": found.gone, "bytes": size}
        say_json(facts | {"seconds": round(seconds, 3)})
        return
    names = [*found.changed, *(f"-{path}" for path in found.gone)]
    say(
        text(
            "sync.sent",
            at=time.strftime("%H:%M:%S"),
            names=", ".join(names[:3]) + (" …" if len(names) > 3 else ""),
            count=len(names),
            kilobytes=f"{size / 1000:.0f}",
            seconds=f"{seconds:.1f}",
        )
    )
