"""`make show-local-client`: the evidence for sshq-local, made on the spot. Nothing here is remembered."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
SANDBOX = (sys.executable, "-m", "sshq_sandbox.cli")
LOCAL = (sys.executable, "-P", "-m", "sshq_local")
STARTS = 15
EXAMPLES = 400
PAGE = """<p id="x">before</p>
<script>document.getElementById("x").textContent = 6 * 7 + " by its script"</script>"""


@dataclass
class Show:
    """A sandbox and a laptop in one scratch folder, and whether all of it held so far."""

    folder: Path
    held: list[tuple[str, bool]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "SSHQ_SANDBOX_STATE": str(self.folder / "state"),
            "SSHQ_DATA_HOME": str(self.folder / "laptop" / "data"),
            "SSHQ_SSH_CONFIG": str(self.folder / "laptop" / "ssh_config"),
        }

    @property
    def config(self) -> str:
        return self.environment["SSHQ_SSH_CONFIG"]

    def run(self, *command: str, quiet: bool = False, expect: int | None = 0) -> str:
        """Run a command, show it as its user types it, and what it printed."""
        print(f"$ {self._typed(command)}", flush=True)
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )
        if not quiet:
            print(self._shown(done.stdout + done.stderr), flush=True)
        if expect is not None and done.returncode != expect:
            print(self._shown(done.stdout + done.stderr))
            self.judge(f"{self._typed(command)} ended with {done.returncode}", holds=False)
        return done.stdout + done.stderr

    @contextlib.contextmanager
    def running(self, *command: str) -> Iterator[dict[str, Any]]:
        """A command that stays until Ctrl-C; gives the line of JSON that it begins with."""
        print(f"$ {self._typed(command)} --json", flush=True)
        with subprocess.Popen(
            (*command, "--json"),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            line = process.stdout.readline() if process.stdout else ""
            print(self._shown(line), flush=True)
            try:
                yield json.loads(line)
            finally:
                process.send_signal(signal.SIGINT)

    def judge(self, what: str, *, holds: bool) -> None:
        """Say and remember whether something holds."""
        print(f"  {'holds' if holds else 'DOES NOT HOLD'}: {what}", flush=True)
        self.held.append((what, holds))

    def _typed(self, words: Sequence[str]) -> str:
        line = " ".join(f"'{word}'" if " " in word else word for word in words)
        line = line.replace(" ".join(SANDBOX), "sshq-sandbox").replace(
            " ".join(LOCAL), "sshq-local"
        )
        return self._shown(line)

    def _shown(self, text: str) -> str:
        return text.rstrip().replace(str(self.folder), "…").replace(str(ROOT), ".")


def main() -> int:
    """Show everything; the exit code says whether all of it held."""
    with tempfile.TemporaryDirectory(prefix="show-") as scratch:
        show = Show(Path(scratch))
        show.run(*SANDBOX, "up", "--detach")
        try:
            machine = _five_minutes(show)
            _start_up(show)
            _forwards(show, machine)
            _browser(show, machine)
            _jupyter(show, machine)
            _wrong_clock(show, machine)
        finally:
            show.run(*SANDBOX, "down")
    _tests(show)
    heading("all of it held" if all(holds for _, holds in show.held) else "NOT all of it held")
    print("\n".join(f"  {what}" for what, holds in show.held if not holds))
    return 0 if all(holds for _, holds in show.held) else 1


def _five_minutes(show: Show) -> str:
    heading("a newcomer's first five minutes")
    began = time.monotonic()
    show.run(*SANDBOX, "slash", "--as", "admin", "setup", quiet=True)
    show.run(*SANDBOX, "click", "--as", "admin", "Confirm", quiet=True)
    show.run(*SANDBOX, "slash", "--as", "admin", "add-user @alice")
    show.run(*SANDBOX, "slash", "--as", "alice", "run --name first")
    shown = show.run(*SANDBOX, "inbox", "--as", "alice", "--until", "is ready", "--wait", "60")
    ticket = re.findall(r"sshq-local connect (\S+/[0-9A-Z]{32})", shown)[-1]
    ca_file = str(show.folder / "state" / "tls" / "ca.pem")
    show.run(*LOCAL, "connect", ticket, "--no-shell", "--ca-file", ca_file)
    machine = show.run(*LOCAL, "ls", "--names").split()[-1]
    show.run("ssh", "-F", show.config, machine, "echo hello from $TRAINING_JOB_NAME")
    train = show.folder / "train.py"
    train.write_text("print('trained')\n")
    goal = show.folder / "there"
    show.run("scp", "-q", "-F", show.config, str(train), f"{machine}:{goal}")
    show.run(*LOCAL, "exec", machine, "--", "python3", str(goal))
    show.run(*LOCAL, "code", machine, "/opt/ml", expect=None if shutil.which("code") else 4)
    show.run(*LOCAL, "status")
    doctor = show.run(*LOCAL, "doctor")
    show.judge(
        "the doctor finds nothing that keeps her out", holds="Nothing keeps you out" in doctor
    )
    show.run(*LOCAL, "connect", machine, "--print")
    show.run("env", "SSHQ_LANG=zh", *LOCAL, "ls")
    show.run(*LOCAL, "conect", ticket, expect=2)
    seconds = time.monotonic() - began
    show.judge(f"all of that, the job's start included, took {seconds:.0f} s", holds=seconds < 300)
    return machine


def _start_up(show: Show) -> None:
    heading(f"start-up times (medians of {STARTS} fresh processes each, on this machine now)")
    bare = _median([sys.executable, "-c", "pass"])
    data = ["--data-home", str(show.folder / "laptop" / "data"), "no-lease", "0"]
    print(f"  bare Python                              {bare:6.0f} ms")
    for title, words in (
        ("sshq-local --help", ["--help"]),
        ("sshq-local connect --help", ["connect", "--help"]),
        ("the ProxyCommand, as far as its lease", ["proxy", *data]),
    ):
        taken = _median([*LOCAL, *words])
        print(f"  {title:<40} {taken:6.0f} ms  ({taken - bare:+.0f} ms)", flush=True)


def _median(command: Sequence[str]) -> float:
    times = []
    for _ in range(STARTS):
        began = time.monotonic()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        times.append((time.monotonic() - began) * 1000)
    return statistics.median(times)


def _forwards(show: Show, machine: str) -> None:
    heading("a taken port, two tunnels, a SOCKS proxy")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with show.running(*LOCAL, "forward", machine, str(port)) as stands:
            moved = stands["forwards"][0]["instead_of"] == port
        show.judge("a taken port is found before, and the next one is given", holds=moved)
        offered = show.run(*LOCAL, "forward", machine, f"{port}:80", expect=1)
        show.judge(
            "a named port that is taken is refused, another offered", holds=" -L " in offered
        )
    with (
        show.running(*LOCAL, "tunnel", machine) as first,
        show.running(*LOCAL, "tunnel", machine) as second,
    ):
        for tunnel in (first, second):
            said = show.run("ssh", "-F", show.config, tunnel["alias"], "echo in by $0")
            show.judge(f"ssh {tunnel['alias']}, no clash of host keys", holds="in by" in said)


def _browser(show: Show, machine: str) -> None:
    heading("a page of the machine in a real browser here")
    browser = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    if browser is None:
        show.judge("a Chromium is installed", holds=False)
        return
    site = show.folder / "site"
    site.mkdir()
    (site / "index.html").write_text(PAGE)
    port, here = _free_ports()
    serve = f"cd {site} && exec python3 -m http.server {port} --bind 127.0.0.1"
    with (
        subprocess.Popen(
            (*LOCAL, "exec", machine, "--", serve),
            env=show.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as server,
        show.running(*LOCAL, "forward", machine, f"{here}:{port}"),
    ):
        _until_answers(f"http://localhost:{here}/")
        dom = show.run(
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *(f"--user-data-dir={show.folder}/browser", f"http://localhost:{here}/"),
            quiet=True,
        )
        shown = re.search(r"<p id=\"x\">(.*?)</p>", dom)
        print(f"  the page says: {shown[1] if shown else dom}")
        show.judge("its script ran in the browser", holds="42 by its script" in dom)
        server.terminate()


def _jupyter(show: Show, machine: str) -> None:
    heading("Jupyter: the real one, installed for this into a folder of its own")
    venv = show.folder / "jupyter"
    subprocess.run((sys.executable, "-m", "venv", str(venv)), check=True)
    show.run(str(venv / "bin" / "pip"), "install", "-q", "jupyter-server", quiet=True)
    # Two ports: the sandbox's machine is this computer, where one can't be both here and there.
    port, here = _free_ports()
    ports = ("--port", str(port), "--here", str(here))
    program = ("--program", str(venv / "bin" / "jupyter"), *ports, "--no-open")
    with show.running(*LOCAL, "jupyter", machine, *program) as stands:
        token = show.run(
            *LOCAL, "exec", machine, "--", 'cat "$HOME/.sshq/jupyter/token"', quiet=True
        )
        status = urllib.request.Request(f"{stands['url']}api/status")
        refused = 0
        try:
            urllib.request.urlopen(status, timeout=20)
        except urllib.error.HTTPError as error:
            refused = error.code
        status.add_header("Authorization", f"token {token}")
        with urllib.request.urlopen(status, timeout=20) as answer:
            print(f"  without the token: {refused}; with it: {answer.read().decode()}")
        show.judge("Jupyter answers whoever has its token, and nobody else", holds=refused == 403)
        show.judge("its token is not in what was printed", holds=token not in json.dumps(stands))
    # The sandbox's machine is this computer, where nothing may stay.
    show.run(*LOCAL, "exec", machine, "--", 'kill "$(cat "$HOME/.sshq/jupyter/pid")"', quiet=True)


def _wrong_clock(show: Show, machine: str) -> None:
    heading("a wrong clock (the bot's time moves on by eleven minutes)")
    show.run(*SANDBOX, "clock", "+11m")
    status = show.run(*LOCAL, "status", machine, expect=1)
    show.judge("the sentence names the clock", holds="clock" in status)
    doctor = show.run(*LOCAL, "doctor", machine, expect=1)
    show.judge("the doctor names it too", holds="What keeps you out: clock." in doctor)


def _tests(show: Show) -> None:
    heading(
        f"the Include: OpenSSH's own reading as the oracle, {EXAMPLES} generated configurations"
    )
    _pytest(
        show,
        "tests/integration/local_client/test_ssh_include.py",
        "--hypothesis-show-statistics",
        keep=r"passing|Stopped|::test_|passed|failed",
        SSHQ_INCLUDE_EXAMPLES=str(EXAMPLES),
    )
    heading(
        "each tool, through the whole way: ssh, scp, sftp, rsync, git, -D, -R, -A, VS Code, a debugger …"
    )
    tools = (
        "test_main_path.py",
        "test_tools.py",
        "test_forwards.py",
        "test_doctor.py",
        "test_leases.py",
    )
    files = [f"tests/e2e/{name}" for name in tools if (ROOT / "tests" / "e2e" / name).exists()]
    _pytest(show, *files, "-v", keep=r"::test_|passed|failed")
    heading(
        "what is broken is named; proxies with a password; Windows; completion in the shells themselves"
    )
    files = ["test_doctor.py", "test_completion.py", "test_commands.py", "test_ports.py"]
    _pytest(
        show,
        *(f"tests/integration/local_client/{name}" for name in files),
        "tests/unit/local_client/test_windows.py",
        "tests/performance/test_local_client_start.py",
        "-v",
        keep=r"::test_|passed|failed",
    )


def _pytest(show: Show, *words: str, keep: str, **environment: str) -> None:
    done = subprocess.run(
        (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", *words),
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if re.search(keep, line)]
    print("\n".join(re.sub(r"\s+\[ *\d+%\]$", "", line) for line in lines), flush=True)
    show.judge(
        f"{' '.join(word for word in words if '/' in word)}: all passed", holds=done.returncode == 0
    )
    if done.returncode:
        print(done.stdout[-3000:])


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("", 0)) as one, socket.create_server(("", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


def _until_answers(url: str) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=5).close()
            return
        time.sleep(0.2)


def heading(text: str) -> None:
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
