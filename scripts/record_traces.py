"""`make record-traces`: what real containers tell of themselves while people use them, or don't.

Each scenario has a container of its own (tests/root_container.py) over this machine's root, as root:
real start-up script, supervisor, probes and sshd, entered by OpenSSH's client, at the real interval
of a minute. All of them run at once, for ten minutes; so the limit that is asked of them is 5 m.

Two files are laid over /proc in each, for a node has a machine of its own and these share one:
/proc/stat and /proc/loadavg tell of the container's own processes (as lxcfs does), and of no others.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import pty
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sshq.domain.jobs import SSH_PORT
from tests.idle_replay import FOLDER
from tests.root_container import RootContainer
from tests.ssh_authority import Authority

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MINUTES = 10
TICKS = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1
# As often as Linux looks at who runs.
LOAD_SECONDS = 5
SERVER = (
    "import socketserver as s\nclass Echo(s.BaseRequestHandler):\n def handle(self):\n"
    "  while d:=self.request.recv(99): self.request.sendall(d)\n"
    "s.ThreadingTCPServer(('127.0.0.1',7001),Echo).serve_forever()"
)
# VS Code's remote protocol keeps its two connections with a header of 13 bytes each 5 s, in a
# WebSocket's frame of 6 more.
HEARTBEAT = (
    "import socket as s,time\ncs=[s.create_connection(('127.0.0.1',7002)) for _ in range(2)]\n"
    "while 1: [(c.sendall(bytes(19)),c.recv(99)) for c in cs]; time.sleep(5)"
)
POLL = (
    "import time,urllib.request as u\n"
    "while 1: u.urlopen('http://127.0.0.1:7002/etc/os-release').read(); time.sleep(10)"
)


@dataclass
class Stage:
    """A container, and who is connected to it."""

    container: RootContainer
    identity: Path
    clients: list[subprocess.Popen[bytes]] = field(default_factory=list)
    terminals: list[int] = field(default_factory=list)

    def ssh(self, *words: str) -> subprocess.Popen[bytes]:
        """OpenSSH's client, without a terminal."""
        return self.run(*self.client(), *words)

    def terminal(self, command: str = "", *options: str) -> int:
        """OpenSSH's client at a terminal of its own; what is written to it is typed."""
        master, slave = pty.openpty()
        words = [*self.client(), *options, "-tt", "127.0.0.1", *([command] if command else [])]
        self.run(*words, stdin=slave)
        os.close(slave)
        self.terminals.append(master)
        # Somebody has to look at the screen, or the client blocks.
        threading.Thread(target=_look_at, args=(master,), daemon=True).start()
        return master

    def beside(self, program: str) -> None:
        """A Python program on the user's own machine."""
        self.run(*self._network(), sys.executable, "-c", program)

    def leave(self) -> None:
        for client in self.clients:
            client.kill()
            client.wait()
        self.container.close()

    def run(self, *words: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """What stays until the scenario ends."""
        client = subprocess.Popen(
            words, stdin=stdin, stdout=stdin, stderr=stdin, start_new_session=True
        )
        self.clients.append(client)
        return client

    def client(self) -> list[str]:
        """OpenSSH's client in the container's network, up to the host."""
        known = self.identity.parent / "known_hosts"
        host_key = self.container.records("sshd")[0]["facts"]["host_keys"][0]
        known.write_text(f"the-node {host_key}\n")
        options = (
            f"IdentityFile={self.identity}", "IdentitiesOnly=yes", "IdentityAgent=none",
            f"UserKnownHostsFile={known}", "HostKeyAlias=the-node", "BatchMode=yes",
            f"Port={SSH_PORT}", "User=root", "ServerAliveInterval=15",
        )  # fmt: skip
        return [*self._network(), "ssh", "-Fnone", *(f"-o{option}" for option in options)]

    def _network(self) -> list[str]:
        return ["nsenter", "-t", str(self.container.pid), "-n"]


@dataclass(frozen=True)
class Scenario:
    """What is done in the first seconds, or until the end; and until which minute a user would say
    that it is in use (None: to the end). `gap` says where the rule knows less than its user.
    """

    said: str
    until: int | None
    play: Callable[[Stage], None]
    gap: str = ""


def _look_at(terminal: int) -> None:
    with suppress(OSError):
        while os.read(terminal, 65536):
            pass


def _type(terminal: int, text: str, every: float) -> None:
    while True:
        os.write(terminal, text.encode())
        time.sleep(every)


def _typing(stage: Stage, command: str = "") -> None:
    _type(stage.terminal(command), "date\n", 120)


def _detached(stage: Stage, command: str) -> None:
    stage.ssh("127.0.0.1", f"nohup {command} >/dev/null 2>&1 </dev/null &").wait()


def _forwarded(stage: Stage, server: str, client: str) -> None:
    _detached(stage, server)
    stage.ssh("-N", "-L7002:127.0.0.1:7001", "127.0.0.1")
    time.sleep(5)
    stage.beside(client)


def _growing_log(stage: Stage) -> None:
    _detached(
        stage, "sh -c 'while :; do echo step of an epoch, loss 0.5 >>/opt/log; sleep 0.2; done'"
    )
    stage.terminal("tail -F /opt/log")


def _copies(stage: Stage) -> None:
    source = stage.container.folder / "data"
    source.write_bytes(os.urandom(8 << 20))
    shell = " ".join(stage.client())
    stage.run("rsync", "--bwlimit=100", "-e", shell, str(source), "127.0.0.1:/opt/data")


def _bot(stage: Stage) -> None:
    while True:
        stage.ssh("127.0.0.1", "true").wait()
        time.sleep(120)


def _typed_once(stage: Stage) -> None:
    os.write(stage.terminal(), b"date\n")


def _ignore(_: int) -> None:
    """What is opened stays open."""


TMUX = "TERM=xterm tmux -f /dev/null"
BUSY = "timeout 155 nice -n 19 python3 -c 'while 1: pass'"
DOWNLOAD = (
    "sh -c 'while :; do dd if=/dev/urandom of=/opt/part bs=64k count=4 2>/dev/null; sleep 1; done'"
)
SCENARIOS = {
    "nobody_enters": Scenario("a workbench that nobody enters", 0, lambda _: None),
    "shell_left_open": Scenario(
        "a shell is opened and left, with a keep-alive each 15 s", 1, _typed_once
    ),
    "typing_now_and_then": Scenario("a command is typed every 2 minutes", None, _typing),
    "typing_in_tmux": Scenario(
        "a command is typed in tmux every 2 minutes", None, lambda s: _typing(s, TMUX)
    ),
    "tmux_left_attached": Scenario(
        "tmux is attached and left; its clock goes on", 1, lambda s: _ignore(s.terminal(TMUX))
    ),
    "top_left_open": Scenario(
        "top is left open, and nobody types",
        1,
        lambda s: _ignore(s.terminal("TERM=xterm top")),
        gap="what it prints are bytes above keep-alive: it counts as use",
    ),
    "tail_of_a_growing_log": Scenario(
        "tail -F of a log that a detached program writes 5 lines a second to", None, _growing_log
    ),
    "editor_left_open": Scenario(
        "an editor's two heartbeats (as VS Code's: 19 bytes, echoed, each 5 s) over a forwarded port",
        1,
        lambda s: _forwarded(s, f'python3 -c "{SERVER}"', HEARTBEAT),
    ),
    "browser_polls": Scenario(
        "a page in a browser that asks Python's http.server every 10 s, over a forwarded port",
        None,
        lambda s: _forwarded(s, "python3 -m http.server -d / 7001", POLL),
    ),
    "rsync_for_80_s": Scenario("rsync copies 8 MB at 100 KB/s, and ends", 2, _copies),
    "training_after_logout": Scenario(
        "a program keeps one core busy for 155 s, started with nohup; its user has logged out",
        3,
        lambda s: _detached(s, BUSY),
    ),
    "slow_writer": Scenario(
        "a detached program writes 256 KB to disk each second, as a download does",
        None,
        lambda s: _detached(s, DOWNLOAD),
        gap="neither a disk nor another network than SSH is looked at: it is warned of, and ended",
    ),
    "sleeper": Scenario(
        "a detached program that sleeps, and wakes each minute",
        1,
        lambda s: _detached(s, "sh -c 'while :; do sleep 60; done'"),
    ),
    "breakpoint": Scenario(
        "a debugger (pdb) waits at a breakpoint in an open terminal",
        1,
        lambda s: _ignore(s.terminal("python3 -c 'breakpoint()'")),
    ),
    "bot_logs_in": Scenario("a program logs in every 2 minutes and runs `true`", None, _bot),
}


class OwnMachine(threading.Thread):
    """Keeps each container's /proc/stat and /proc/loadavg: what its own processes do."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        super().__init__(daemon=True)
        self.loads = [(stage.container, 0.0) for stage in stages]
        self.began = time.monotonic()
        for container, _ in self.loads:
            _tell(container.folder, 0, 0, 0)

    def run(self) -> None:
        kept = math.exp(-LOAD_SECONDS / 60)
        while True:
            time.sleep(LOAD_SECONDS)
            table, children = _processes()
            for place, (container, load) in enumerate(self.loads):
                if container.process is None or container.process.poll() is not None:
                    continue
                own = _below(container.process.pid, children)
                facts = [table[pid] for pid in own if pid in table]
                running = sum(state in "RD" for state, _ in facts)
                now = load * kept + running * (1 - kept)
                self.loads[place] = (container, now)
                seconds = time.monotonic() - self.began
                _tell(container.folder, sum(ticks for _, ticks in facts), seconds, now)


def _processes() -> tuple[dict[int, tuple[str, int]], dict[int, list[int]]]:
    """Each process's state, and the ticks that it and its ended children ran; and who began whom."""
    table: dict[int, tuple[str, int]] = {}
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (folder / "stat").read_text(errors="replace").rpartition(") ")[2].split()
            pid = int(folder.name)
            table[pid] = (words[0], sum(int(word) for word in words[11:15]))
            children.setdefault(int(words[1]), []).append(pid)
    return table, children


def _below(pid: int, children: dict[int, list[int]]) -> list[int]:
    found = list(children.get(pid, ()))
    for child in found:
        found.extend(children.get(child, ()))
    return found


def _tell(folder: Path, ticks: int, seconds: float, load: float) -> None:
    """In place, for what is mounted is the file; in one write, so that nobody reads a half."""
    idle = max(0, int(seconds * TICKS * CORES) - ticks)
    _write(folder / "stat", f"cpu  {ticks:012} 0 0 {idle:012} 0 0 0 0 0 0\n")
    _write(folder / "loadavg", f"{load:6.2f} 0.00 0.00 1/1 1\n".lstrip())


def _write(path: Path, text: str) -> None:
    with path.open("r+b" if path.exists() else "wb", buffering=0) as file:
        file.write(text.encode())
        file.truncate()


def record(names: Sequence[str], minutes: int, into: Path) -> None:
    """Play the scenarios, all at once, and keep what their containers told."""
    with tempfile.TemporaryDirectory() as folder:
        stages = {name: _stage(Path(folder) / name) for name in names}
        OwnMachine(list(stages.values())).start()
        threads = [
            threading.Thread(target=_keep, args=(name, stage, minutes, into))
            for name, stage in stages.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _stage(folder: Path) -> Stage:
    authority = Authority()
    folder.mkdir()
    identity = authority.identity(folder / "identity", "the-job", valid=(-60, 7200))
    binds = [(str(folder / name), f"proc/{name}") for name in ("stat", "loadavg")]
    return Stage(RootContainer(Path("/"), folder, authority, binds=binds), identity)


def _keep(name: str, stage: Stage, minutes: int, into: Path) -> None:
    scenario, container = SCENARIOS[name], stage.container
    try:
        container.start()
        container.ready()
        ready = time.monotonic()
        lines: list[tuple[float, str]] = []
        threading.Thread(target=_play, args=(scenario, stage), daemon=True).start()
        while len(lines) < minutes:
            time.sleep(0.5)
            seconds = round(time.monotonic() - ready, 1)
            found = [line for line in container.output.splitlines() if '"stage":"activity"' in line]
            lines += [(seconds, line) for line in found[len(lines) :]]
        (into / f"{name}.jsonl").write_text(_written(scenario, minutes, lines), encoding="utf-8")
    finally:
        stage.leave()


def _play(scenario: Scenario, stage: Stage) -> None:
    time.sleep(5)
    with suppress(OSError):  # the terminal is gone: it is over
        scenario.play(stage)


def _written(scenario: Scenario, minutes: int, lines: Sequence[tuple[float, str]]) -> str:
    version = subprocess.run(["ssh", "-V"], stderr=subprocess.PIPE, check=True, text=True).stderr
    kernel = os.uname()
    header: dict[str, object] = {
        "trace": scenario.said,
        "recorded": {
            "at": time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime()),
            "by": "scripts/record_traces.py",
            "probe_seconds": 60,
            "scale": 1,
            "cores": CORES,
            "own": "/proc/stat and /proc/loadavg are of the container's processes alone",
            "kernel": f"{kernel.sysname} {'.'.join(kernel.release.split('.')[:2])}",
            "ssh": version.split(",")[0].strip(),
        },
        "idle": "5m",
        "minutes": minutes + 1,
        **_expected(scenario),
    }
    told = [{"s": seconds, "node": "algo-1", "line": line} for seconds, line in lines]
    return "".join(f"{json.dumps(entry, ensure_ascii=False)}\n" for entry in [header, *told])


def _expected(scenario: Scenario) -> dict[str, object]:
    """A minute is told of some seconds after its end, so read in the next: warned of 4 quiet ones in
    the fifth, ended after 5 in the sixth.
    """
    warned, stopped = (
        (None, None) if scenario.until is None else (scenario.until + 5, scenario.until + 6)
    )
    user: dict[str, object] = {"warned": warned, "stopped": stopped}
    if not scenario.gap:
        return user
    # A gap is held as it is, next to what its user would say.
    other = {"warned": None, "stopped": None} if warned else {"warned": 6, "stopped": 7}
    return other | {"user": user, "gap": scenario.gap}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    asked.add_argument("names", nargs="*", help="scenarios (default: all)")
    asked.add_argument("--minutes", type=int, default=MINUTES)
    asked.add_argument("--into", type=Path, default=FOLDER)
    options = asked.parse_args()
    record(options.names or list(SCENARIOS), options.minutes, options.into)


if __name__ == "__main__":
    main()
