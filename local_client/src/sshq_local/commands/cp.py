"""Copy a file or a tree to or from a job over several SSM sessions at once: it can go on, and it checks."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sshq_local.copying.copy import Copied, Progress, copy
from sshq_local.copying.journal import Journal
from sshq_local.copying.link import Link, LinkLost, remote_hashes
from sshq_local.copying.places import parse_places
from sshq_local.copying.stripes import Stripes
from sshq_local.copying.tree import shown
from sshq_local.errors import Exit, Reason, Refusal, refusal
from sshq_local.file_lock import is_locked, locked
from sshq_local.installation import this_installation
from sshq_local.language import text
from sshq_local.lease_store import LeaseStore
from sshq_local.leased import refused_meanwhile, ssh_command
from sshq_local.ssh_client import find_ssh

if TYPE_CHECKING:
    import argparse
    from typing import TextIO

MOST_STRIPES = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = text("help.cp.usage")
    parser.add_argument("source", metavar="SOURCE", help=text("help.cp.source"))
    parser.add_argument("target", metavar="TARGET", help=text("help.cp.target"))
    parser.add_argument(
        "-n", "--stripes", type=int, default=4, metavar="N", help=text("help.cp.stripes")
    )
    parser.add_argument("-r", action="store_true", help=text("help.cp.r"))
    parser.add_argument("--json", action="store_true", help=text("help.cp.json"))


def run(arguments: argparse.Namespace) -> int:
    stripes_wanted = arguments.stripes
    if not 1 <= stripes_wanted <= MOST_STRIPES:
        facts = {"stripes": stripes_wanted, "most": MOST_STRIPES}
        raise refusal(Reason.BAD_PLACES, "copy.stripes", exit_code=Exit.USAGE, **facts)
    installation = this_installation()
    store = LeaseStore(installation.data)
    places = parse_places(arguments.source, arguments.target, lambda name: _is_held(store, name))
    lease, node = store.find(places.machine)
    command = ssh_command(installation, find_ssh())
    started = time.time()

    def api_refusal() -> Refusal | None:
        return refused_meanwhile(lease, store, since=started)

    stripes = Stripes(
        lambda: Link(command, node.alias), is_final=lambda said: _is_refused(said, api_refusal())
    )
    journal = Journal(
        installation.data / "copies",
        words=(node.alias, places.there, str(Path(places.here).absolute()), str(places.is_upload)),
    )
    progress = _Drawn(None if arguments.json else sys.stderr)
    if is_locked(journal.lock) and not arguments.json:
        print(text("copy.waiting"), file=sys.stderr)
    try:
        with locked(journal.lock):
            copied = copy(
                places,
                stripes,
                journal,
                count=stripes_wanted,
                hashes=lambda paths: remote_hashes(command, node.alias, paths),
                progress=progress,
            )
    except LinkLost as error:
        raise _lost(str(error), api_refusal()) from error
    except KeyboardInterrupt:
        progress.end()
        if not arguments.json:
            print(text("copy.stopped"), file=sys.stderr)
        raise
    finally:
        progress.end()
    _report(copied, time.time() - started, as_json=arguments.json)
    return Exit.OK


def _report(copied: Copied, seconds: float, *, as_json: bool) -> None:
    if as_json:
        facts = dict(vars(copied)) | {
            "seconds": round(seconds, 3),
            "bytes_per_second": round(copied.moved / seconds),
        }
        print(json.dumps(facts))
        return
    earlier, healed = copied.size - copied.moved, copied.healed
    line = text(
        "copy.report",
        what=text("copy.files", files=copied.files),
        size=_bytes(copied.size),
        earlier=text("copy.earlier", size=_bytes(earlier)) if earlier > 0 else "",
        seconds=seconds,
        speed=_bytes(copied.moved / seconds),
        stripes=copied.stripes,
        healed=text("copy.healed", healed=healed) if healed else "",
        check=text("copy.hashed" if copied.check == "sha256" else "copy.read-back"),
    )
    print(f"{line}{f': {copied.sha256}' if copied.sha256 else ''}")
    for path in copied.left_out:
        print(text("copy.left-out", path=shown(path)), file=sys.stderr)


class _Drawn(Progress):
    """One line on a terminal, drawn anew; a line every ten percent elsewhere."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._total = self._done = self._already = 0
        self._began = time.monotonic()
        self._tenths = 0
        self._is_drawn = False

    def begin(self, total: int, already: int) -> None:
        self._total, self._done, self._already = total, already, already
        self._began = time.monotonic()
        self._tenths = 0

    def moved(self, length: int) -> None:
        with self._lock:
            self._done += length

    def draw(self) -> None:
        if self._stream is None or not self._total:
            return
        if self._stream.isatty():
            self._stream.write(f"\r\x1b[K{self._line()}")
            self._is_drawn = True
        else:
            tenths = self._done * 10 // self._total
            if tenths > self._tenths:
                self._tenths = tenths
                self._stream.write(f"{self._line()}\n")
        self._stream.flush()

    def checking(self) -> None:
        self.draw()
        if self._stream is not None and self._stream.isatty():
            self._stream.write(f"\r\x1b[K{text('copy.comparing')}")
            self._stream.flush()
            self._is_drawn = True

    def end(self) -> None:
        if self._is_drawn and self._stream is not None:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._is_drawn = False

    def _line(self) -> str:
        speed = (self._done - self._already) / max(0.001, time.monotonic() - self._began)
        left = (self._total - self._done) / speed if speed else 0
        return text(
            "copy.progress",
            percent=self._done * 100 // self._total,
            done=_bytes(self._done),
            total=_bytes(self._total),
            speed=_bytes(speed),
        ) + (text("copy.left", minutes=left // 60, seconds=left % 60) if left else "")


def _is_held(store: LeaseStore, name: str) -> bool:
    try:
        store.find(name)
    except Refusal:
        return False
    return True


def _is_refused(said: str, refused: Refusal | None) -> bool:
    """Whether the access API said no, so that asking again is vain."""
    return refused is not None and refused.reason != Reason.CONNECTION_LOST and refused.what in said


def _lost(said: str, refused: Refusal | None) -> Refusal:
    if refused is not None:
        return refused
    last = said.splitlines()[-1].rstrip(".") if said else text("copy.ended-silently")
    return refusal(Reason.CONNECTION_LOST, "copy.lost", exit_code=Exit.SSH_FAILED, why=last)


def _bytes(number: float) -> str:
    if number < 1000 * 1000:
        return f"{number / 1000:.1f} kB"
    if number < 1000**3:
        return f"{number / 1000**2:.1f} MB"
    return f"{number / 1000**3:.2f} GB"
