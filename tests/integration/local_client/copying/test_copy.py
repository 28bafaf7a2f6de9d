"""Copying against OpenSSH's own sftp-server, with connections that die."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest

from sshq_local.copying.copy import Copied, Progress, copy
from sshq_local.copying.journal import Journal
from sshq_local.copying.link import LinkLost
from sshq_local.copying.pieces import PIECE
from sshq_local.copying.places import Places
from sshq_local.copying.sftp import Sftp
from sshq_local.copying.stripes import Stripes
from sshq_local.copying.transfer import local_hash
from sshq_local.errors import Refusal
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

LARGEST_TALK = 5000
"""Bytes: what is moved at once and is more is a file's content."""
SERVER = shutil.which("sftp-server", path="/usr/lib/openssh:/usr/lib/ssh:/usr/libexec")

pytestmark = [
    pytest.mark.sshd,
    pytest.mark.skipif(SERVER is None, reason="OpenSSH's sftp-server is not installed"),
]


class Links:
    """What the links of one copy share. No data passes before `together` of them were made."""

    def __init__(self, together: int) -> None:
        self.died = 0
        self._missing = together
        self._all_here = threading.Event()

    def one_more(self) -> None:
        self._missing -= 1
        if self._missing <= 0:
            self._all_here.set()

    def wait(self) -> None:
        assert self._all_here.wait(PATIENCE_SECONDS)


class ServerLink:
    """An sftp-server in `home`. `life`: bytes after which the connection dies; 0 = it doesn't."""

    def __init__(self, home: Path, life: int, links: Links) -> None:
        assert SERVER is not None
        self._life = life
        self._links = links
        links.one_more()
        self._process = subprocess.Popen(
            [SERVER], cwd=home, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self.sftp = Sftp(self._receive, self._send)

    def _receive(self, most: int) -> bytes:
        assert self._process.stdout is not None
        data = self._process.stdout.read(most) or b""
        return data if self._lives_on(len(data)) else b""

    def _send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        sent = 0
        while sent < len(data):
            sent += self._process.stdin.write(data[sent:])
        self._lives_on(len(data))

    def _lives_on(self, moved: int) -> bool:
        if moved > LARGEST_TALK:
            self._links.wait()
        if self._life > 0:
            self._life -= moved
            if self._life <= 0:
                self._life = -1
                self._links.died += 1
                self._process.kill()
        return self._life >= 0

    def close(self) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        return "the connection died"

    def abandon(self) -> None:
        self._process.terminate()


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    home = tmp_path / "machine"
    home.mkdir()
    return home


@pytest.fixture
def laptop(tmp_path: Path) -> Path:
    folder = tmp_path / "laptop"
    folder.mkdir()
    return folder


@pytest.fixture
def run(machine: Path, tmp_path: Path) -> Callable[..., Copied]:
    """Copy. `lives`: of the connections, in their order; those after them live on. `links`: theirs."""

    def start(
        source: object,
        target: object,
        *,
        up: bool,
        lives: Sequence[int] = (),
        forever: int = 0,
        count: int = 3,
        hashes: Any = None,
        words: Sequence[str] = ("same",),
        progress: Progress | None = None,
        links: Links | None = None,
    ) -> Copied:
        here, there = (source, target) if up else (target, source)
        left = itertools.chain(lives, itertools.repeat(forever))
        shared = links or Links(together=1)
        stripes = Stripes(lambda: ServerLink(machine, next(left), shared), first_pause=0.001)
        return copy(
            Places("job", str(here), str(there), is_upload=up),
            stripes,
            Journal(tmp_path / "journals", words=words),
            count=count,
            hashes=hashes or (lambda paths: [local_hash(machine / path) for path in paths]),
            progress=progress or Progress(),
        )

    return start


def test_a_link_that_an_earlier_copy_brought_leads_no_later_one_away(
    machine: Path, laptop: Path, run: Callable[..., Copied]
) -> None:
    (machine / "tree").mkdir()
    (machine / "tree" / "home").symlink_to(laptop / "home")
    (laptop / "home").mkdir()
    run("tree", laptop, up=False)
    (machine / "tree" / "home").unlink()
    (machine / "tree" / "home").mkdir()
    (machine / "tree" / "home" / "authorized_keys").write_text("theirs")

    with pytest.raises(Refusal, match="is a link here and a folder there"):
        run("tree", laptop, up=False)

    assert not list((laptop / "home").iterdir())


def some(size: int) -> bytes:
    return random.Random(size).randbytes(size)  # noqa: S311


def make_tree(root: Path) -> None:
    (root / "deep" / "er").mkdir(parents=True)
    (root / "empty folder").mkdir()
    (root / "deep" / "er" / "big").write_bytes(some(2 * PIECE + 17))
    (root / "empty").touch()
    (root / 'it\'s "quoted"\n$HOME').write_bytes(b"a name for shells")
    (root / "run.sh").write_bytes(b"#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "read-only").mkdir()
    (root / "read-only" / "file").write_bytes(b"x")
    (root / "read-only").chmod(0o555)
    (root / "link").symlink_to("deep/er/big")
    (root / "left.sshq-part").write_bytes(b"of an earlier copy")
    os.utime(root / "run.sh", (1_700_000_000, 1_700_000_000))
    for number in range(70):
        (root / "deep" / f"{number}.txt").write_bytes(b"%d" % number)


def described(root: Path) -> dict[str, object]:
    """Everything below: links by what they point to, files by mode and content, folders by mode."""
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = str(path.readlink())
        elif path.is_file():
            found[name] = (path.stat().st_mode & 0o777, path.read_bytes())
        else:
            found[name] = path.stat().st_mode & 0o055
    return found


@pytest.mark.parametrize("up", [True, False])
def test_a_tree_arrives_whole(run: Any, laptop: Path, machine: Path, up: bool) -> None:
    source, target = (laptop, machine) if up else (machine, laptop)
    make_tree(source / "tree")
    copied = run(source / "tree" if up else "tree", "." if up else target, up=up)
    (source / "tree" / "left.sshq-part").unlink()
    assert described(target / "tree") == described(source / "tree")
    assert (target / "tree" / "run.sh").stat().st_mtime == 1_700_000_000
    assert copied.files == 75
    assert copied.moved == copied.size == 2 * PIECE + 17 + 17 + 10 + 1 + 10 + 60 * 2


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("target", ["new name", "there/"])
def test_one_file_goes_where_cp_would_put_it(
    run: Any, laptop: Path, machine: Path, up: bool, target: str
) -> None:
    source, goal = (laptop, machine) if up else (machine, laptop)
    (source / "file").write_bytes(some(1000))
    (goal / "there").mkdir()
    (goal / "new name").write_bytes(b"it was here before, and longer" * 1000)
    copied = run(source / "file" if up else "file", target if up else goal / target, up=up, count=1)
    where = goal / "there" / "file" if target == "there/" else goal / target
    assert where.read_bytes() == some(1000)
    assert copied.sha256 == local_hash(where)
    assert sorted(p.name for p in goal.rglob("*sshq-part")) == []


@pytest.mark.parametrize("up", [True, False])
def test_connections_that_die_are_replaced_and_nothing_goes_wrong(
    run: Any, laptop: Path, machine: Path, up: bool
) -> None:
    source, goal = (laptop, machine) if up else (machine, laptop)
    (source / "file").write_bytes(some(9 * PIECE + 5))
    lives = [300, PIECE * 3 // 2, 60, 40_000, PIECE // 2, PIECE * 2, PIECE + 90]
    words = (source / "file" if up else "file", "f" if up else goal / "f")
    links = Links(together=1)
    copied = run(*words, up=up, lives=lives, links=links)
    assert (goal / "f").read_bytes() == some(9 * PIECE + 5)
    assert copied.healed == links.died
    # It took one that lives on. Two of the others may have had too little to do to die of it.
    assert links.died >= len(lives) - 2


@pytest.mark.parametrize("up", [True, False])
def test_connections_share_the_work(run: Any, laptop: Path, machine: Path, up: bool) -> None:
    source, goal = (laptop, machine) if up else (machine, laptop)
    (source / "file").write_bytes(some(4 * PIECE))
    words = (source / "file" if up else "file", "f" if up else goal / "f")
    copied = run(*words, up=up, links=Links(together=3))
    assert (goal / "f").read_bytes() == some(4 * PIECE)
    assert (copied.stripes, copied.healed) == (3, 0)


class Counting(Progress):
    """The bytes that are said to have arrived, and how often something was said."""

    def __init__(self) -> None:
        self.sum = self.calls = 0

    def moved(self, length: int) -> None:
        self.sum += length
        self.calls += 1


@pytest.mark.parametrize("up", [True, False])
def test_progress_comes_by_blocks_and_what_goes_again_counts_once(
    run: Any, laptop: Path, machine: Path, up: bool
) -> None:
    source, goal = (laptop, machine) if up else (machine, laptop)
    (source / "file").write_bytes(some(2 * PIECE))
    progress = Counting()
    lives = [PIECE // 2, PIECE * 3 // 2]
    words = (source / "file" if up else "file", "f" if up else goal / "f")
    run(*words, up=up, count=1, lives=lives, progress=progress)
    assert progress.sum == 2 * PIECE
    assert progress.calls > 64


@pytest.mark.parametrize("up", [True, False])
def test_the_same_command_goes_on(run: Any, laptop: Path, machine: Path, up: bool) -> None:
    source, goal = (laptop, machine) if up else (machine, laptop)
    (source / "tree").mkdir()
    (source / "tree" / "file").write_bytes(some(6 * PIECE))
    words = (source / "tree" if up else "tree", "new" if up else goal / "new")
    lives = [PIECE * 2, PIECE * 2]
    with pytest.raises(LinkLost, match="the connection died"):
        run(*words, up=up, count=2, lives=lives, forever=1)
    assert not (goal / "new" / "file").exists(), "no file has its name before it is whole"
    copied = run(*words, up=up)
    assert (goal / "new" / "file").read_bytes() == some(6 * PIECE), "and not in new/tree"
    assert 0 < copied.moved < copied.size


def test_a_source_that_changed_meanwhile_is_copied_anew(
    run: Any, laptop: Path, machine: Path
) -> None:
    (laptop / "file").write_bytes(some(4 * PIECE))
    with pytest.raises(LinkLost):
        run(laptop / "file", "file", up=True, count=1, lives=[PIECE * 5 // 2], forever=1)
    (laptop / "file").write_bytes(some(3 * PIECE + 1))
    assert run(laptop / "file", "file", up=True).moved == 3 * PIECE + 1
    assert (machine / "file").read_bytes() == some(3 * PIECE + 1)


def test_a_part_that_somebody_removed_is_copied_anew(run: Any, laptop: Path, machine: Path) -> None:
    (laptop / "file").write_bytes(some(4 * PIECE))
    with pytest.raises(LinkLost):
        run(laptop / "file", "file", up=True, count=1, lives=[PIECE * 5 // 2], forever=1)
    (machine / ".file.sshq-part").unlink()
    assert run(laptop / "file", "file", up=True).moved == 4 * PIECE


def test_what_arrived_wrong_is_copied_once_more_and_then_refused(
    run: Any, laptop: Path, machine: Path
) -> None:
    (laptop / "file").write_bytes(some(PIECE))
    asked: list[Sequence[str]] = []

    def wrong_once(paths: Sequence[str]) -> list[str]:
        asked.append(paths)
        return ["0" * 64 if len(asked) == 1 else local_hash(machine / path) for path in paths]

    assert run(laptop / "file", "file", up=True, hashes=wrong_once).moved == 2 * PIECE
    (machine / "file").write_bytes(b"before")
    with pytest.raises(Refusal, match="twice over"):
        run(laptop / "file", "file", up=True, hashes=lambda paths: ["0" * 64 for _ in paths])
    assert (machine / "file").read_bytes() == b"before"


@pytest.mark.parametrize("up", [True, False])
def test_a_machine_that_cannot_hash_is_read_back(
    run: Any, laptop: Path, machine: Path, up: bool
) -> None:
    source, goal = (laptop, machine) if up else (machine, laptop)
    (source / "file").write_bytes(some(PIECE * 2 + 3))
    copied = run(
        source / "file" if up else "file", "f" if up else goal / "f", up=up, hashes=lambda _: None
    )
    assert copied.check == "read back"
    assert copied.sha256 == local_hash(goal / "f")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("missing", "x"), "No such file"),
        (("file", "missing/x"), "no such file"),
        (("file", "missing/"), "no folder missing/"),
        (("folder", "in-the-way"), "in-the-way is a file"),
    ],
)
def test_what_cannot_be_is_said(
    run: Any, laptop: Path, machine: Path, words: tuple[str, str], says: str
) -> None:
    source, target = words
    (laptop / "file").write_bytes(b"x")
    (laptop / "folder").mkdir()
    (machine / "in-the-way").touch()
    with pytest.raises(Refusal, match=says):
        run(laptop / source, target, up=True)


def test_nothing_there_to_download(run: Any, laptop: Path) -> None:
    with pytest.raises(Refusal, match="Can't copy missing: no such file"):
        run("missing", laptop, up=False)
