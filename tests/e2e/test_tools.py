"""The tools that people use, as they use them: each finds the machine by its alias and nothing else."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from sshq_sandbox.free_port import free_port
from tests.e2e.conftest import LOCAL, SANDBOX, Sandbox, through_socks
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def there(machine: str, tmp_path: Path) -> Path:
    """A folder of the machine's. (The sandbox's machines are processes on this computer.)"""
    assert machine
    folder = tmp_path / "on the machine"
    folder.mkdir()
    return folder


def ssh_line(sandbox: Sandbox) -> str:
    """ssh as other programs are told of it."""
    return shlex.join(["ssh", "-F", str(sandbox.folder / "alice" / "ssh_config")])


def test_the_bot_says_whence_to_install_the_client_and_that_works(
    sandbox: Sandbox, machine: str, tmp_path: Path
) -> None:
    ticket = sandbox.slash("alice", f"connect {machine}")
    (url,) = re.findall(r"pipx install (http://\S+\.whl)", ticket)
    where = str(tmp_path / "installed")
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target")
    done = sandbox.run(*pip, where, url)
    assert done.code == 0, done.err

    # Isolated, so that the checkout's own package can't stand in for it.
    script = f"import sys; sys.path.insert(0, {where!r}); import sshq_local.cli as c; c.main()"
    used = sandbox.run(sys.executable, "-I", "-c", script, "exec", machine, "--", "echo installed")
    assert (used.code, used.out.strip()) == (0, "installed"), used.err


def test_sftp_goes_both_ways(sandbox: Sandbox, machine: str, there: Path, tmp_path: Path) -> None:
    sent, back = tmp_path / "a file", tmp_path / "back"
    sent.write_bytes(os.urandom(100_000))
    batch = f'put "{sent}" "{there}/x"\nls -l "{there}"\nget "{there}/x" "{back}"\n'
    config = str(sandbox.folder / "alice" / "ssh_config")
    done = sandbox.run("sftp", "-b", "-", "-F", config, machine, input_text=batch)
    assert done.code == 0, done.err
    assert back.read_bytes() == sent.read_bytes() == (there / "x").read_bytes()


def test_rsync_goes_both_ways(sandbox: Sandbox, machine: str, there: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name in ("a", "sub/b", "sub/with space"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(name)
    rsync = ("rsync", "-a", "-s", "-e", ssh_line(sandbox))
    up = sandbox.run(*rsync, f"{tree}/", f"{machine}:{there}/")
    assert up.code == 0, up.err
    assert (there / "sub/with space").read_text() == "sub/with space"
    down = sandbox.run(*rsync, f"{machine}:{there}/sub/", f"{tmp_path}/sub-back/")
    assert down.code == 0, down.err
    assert (tmp_path / "sub-back" / "b").read_text() == "sub/b"


def test_git_clones_commits_and_pushes(
    sandbox: Sandbox, machine: str, there: Path, tmp_path: Path
) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    assert sandbox.ssh(machine, f"git init -q --bare '{there}/repository'").code == 0
    git = ("env", f"GIT_SSH_COMMAND={ssh_line(sandbox)}", "git")
    clone = tmp_path / "clone"
    done = sandbox.run(*git, "clone", "-q", f"{machine}:{there}/repository", str(clone))
    assert done.code == 0, done.err
    (clone / "train.py").write_text("print('hello')\n")
    for words in (("add", "."), (*who, "commit", "-qm", "x"), ("push", "-q", "origin", "HEAD")):
        done = sandbox.run(*git, "-C", str(clone), *words)
        assert done.code == 0, done.err
    log = sandbox.ssh(machine, f"git -C '{there}/repository' log --all --format=%s")
    assert log.out == "x\n"


def test_the_laptop_s_agent_is_reached_from_the_machine(
    sandbox: Sandbox, machine: str, tmp_path: Path
) -> None:
    started = sandbox.run("ssh-agent", "-s", "-a", str(tmp_path / "agent")).out
    agent = f"SSH_AUTH_SOCK={tmp_path / 'agent'}"
    try:
        sandbox.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key"))
        assert sandbox.run("env", agent, "ssh-add", "-q", str(tmp_path / "key")).code == 0
        wanted = sandbox.run("ssh-keygen", "-lf", str(tmp_path / "key.pub")).out.split()[1]
        config = str(sandbox.folder / "alice" / "ssh_config")
        # Not over a shared connection: its master was started without the agent.
        words = ("-A", "-S", "none", "-F", config, machine, "ssh-add -l")
        assert wanted in sandbox.run("env", agent, "ssh", *words).out
    finally:
        match = re.search(r"SSH_AGENT_PID=(\d+)", started)
        assert match
        os.kill(int(match[1]), signal.SIGTERM)


SERVER = """
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"the editor's server")
    def log_message(self, *args): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Page)
print(server.server_port, flush=True)
server.handle_request()
"""
INSTALL = f"""
echo "41c3: running"
echo "platform==$(uname -s)== arch==$(uname -m)=="
mkdir -p "$0-server" && cat > "$0-server/server.py" <<'END'
{SERVER}
END
nohup {sys.executable} "$0-server/server.py" > "$0-server/log" 2>&1 < /dev/null &
while [ ! -s "$0-server/log" ]; do sleep 0.05; done
echo "listeningOn==$(cat "$0-server/log")=="
echo "41c3: end"
sleep 600
"""


def test_the_steps_that_vs_code_s_remote_ssh_takes(
    sandbox: Sandbox, machine: str, there: Path
) -> None:
    """One ssh, without a terminal, with a SOCKS proxy; the install script over its stdin; then the
    editor reaches its server through the proxy for as long as that ssh lasts."""
    proxy = free_port()
    config = str(sandbox.folder / "alice" / "ssh_config")
    options = ("-T", "-D", str(proxy), "-o", "ConnectTimeout=15", "-F", config)
    with subprocess.Popen(
        ("ssh", *options, machine, f"sh -s 2>&1; : '{there}'"),
        env=sandbox.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as editor:
        assert editor.stdin
        assert editor.stdout
        editor.stdin.write(INSTALL.replace("$0", f"{there}/vscode"))
        editor.stdin.flush()
        said = ""
        while "41c3: end" not in said:
            line = editor.stdout.readline()
            assert line, said
            said += line
        assert "platform==Linux==" in said
        port = int(said.split("listeningOn==")[1].split("==")[0])
        assert through_socks(proxy, port).endswith(b"the editor's server")
        editor.terminate()


@dataclass
class Debugger:
    """A client of the Debug Adapter Protocol, as an editor has one."""

    connection: socket.socket
    events: list[dict[str, Any]] = field(default_factory=list)
    sequence: int = 0
    data: bytes = b""

    def ask(self, command: str, **arguments: Any) -> int:
        self.sequence += 1
        message = {"seq": self.sequence, "type": "request", "command": command}
        body = json.dumps(message | {"arguments": arguments}).encode()
        self.connection.sendall(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return self.sequence

    def answer(self, sequence: int) -> dict[str, Any]:
        while True:
            message = self.message()
            if message["type"] == "response" and message["request_seq"] == sequence:
                assert message["success"], message
                body: dict[str, Any] = message.get("body", {})
                return body
            self.events.append(message)

    def event(self, name: str) -> dict[str, Any]:
        while True:
            for message in self.events:
                if message.get("event") == name:
                    self.events.remove(message)
                    body: dict[str, Any] = message.get("body", {})
                    return body
            self.events.append(self.message())

    def message(self) -> dict[str, Any]:
        while b"\r\n\r\n" not in self.data:
            self.more()
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1])
        while len(self.data) < length:
            self.more()
        body, self.data = self.data[:length], self.data[length:]
        message: dict[str, Any] = json.loads(body)
        return message

    def more(self) -> None:
        block = self.connection.recv(65536)
        assert block, "the debugger hung up"
        self.data += block


PROGRAM = "total = 0\nfor n in range(5):\n    total += n\nprint('total', total)\n"


def test_a_debugger_stops_at_a_breakpoint_through_a_forward(
    sandbox: Sandbox, machine: str, there: Path
) -> None:
    program = there / "train.py"
    program.write_text(PROGRAM)
    # Two ports: the sandbox's machine is this computer, so one can't be both here and there.
    port, here = free_port(), free_port()
    debugpy = (
        sys.executable,
        "-m",
        "debugpy",
        "--listen",
        f"127.0.0.1:{port}",
        "--wait-for-client",
    )
    run = (*LOCAL, "exec", machine, "--", *debugpy, str(program))
    with (
        sandbox.running(*run) as debugged,
        sandbox.running(*LOCAL, "forward", machine, f"{here}:{port}", "--json") as forward,
    ):
        assert forward.stdout
        assert json.loads(forward.stdout.readline())["forwards"]
        debugger = Debugger(connected(here))
        debugger.answer(debugger.ask("initialize", adapterID="test", pathFormat="path"))
        attaching = debugger.ask("attach", justMyCode=True)
        debugger.event("initialized")
        where = {"source": {"path": str(program)}, "breakpoints": [{"line": 4}]}
        assert debugger.answer(debugger.ask("setBreakpoints", **where))["breakpoints"][0][
            "verified"
        ]
        debugger.answer(debugger.ask("configurationDone"))
        debugger.answer(attaching)
        stopped = debugger.event("stopped")
        assert stopped["reason"] == "breakpoint"
        thread = stopped["threadId"]
        (frame, *_) = debugger.answer(debugger.ask("stackTrace", threadId=thread))["stackFrames"]
        assert frame["line"] == 4
        value = debugger.answer(debugger.ask("evaluate", expression="total", frameId=frame["id"]))
        assert value["result"] == "10"
        debugger.answer(debugger.ask("continue", threadId=thread))
        assert debugged.stdout
        assert debugged.stdout.readline() == "total 10\n"
        debugger.connection.close()


def connected(port: int) -> socket.socket:
    """A connection to a debugger that may need a moment: until it listens, the forward hangs up."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        connection.settimeout(0.5)
        try:
            if connection.recv(1, socket.MSG_PEEK):  # debugpy speaks first
                connection.settimeout(PATIENCE_SECONDS)
                return connection
        except TimeoutError:
            pass
        connection.close()
        assert time.monotonic() < until, "no debugger listens"
        time.sleep(0.1)


def test_sync_sends_a_folder_and_then_what_changes(
    sandbox: Sandbox, machine: str, there: Path, tmp_path: Path
) -> None:
    here = tmp_path / "my code"
    (here / "pkg").mkdir(parents=True)
    (here / "pkg" / "train it.py").write_text("one")
    (here / ".git").mkdir()
    (here / ".git" / "HEAD").write_text("not sent")
    goal = there / "sub" / "code"
    words = ("sync", machine, str(here), str(goal), "--delete", "--json")
    with sandbox.running(*LOCAL, *words) as sync:
        assert sync.stdout
        assert json.loads(sync.stdout.readline())["sent"] == ["pkg/train it.py"]
        assert (goal / "pkg" / "train it.py").read_text() == "one"
        (here / "pkg" / "train it.py").write_text("two, longer")
        (here / "new.py").write_text("new")
        sandbox.eventually((goal / "new.py").exists, "the new file")
        sandbox.eventually(
            lambda: (goal / "pkg" / "train it.py").read_text() == "two, longer", "the change"
        )
        (here / "new.py").unlink()
        sandbox.eventually(lambda: not (goal / "new.py").exists(), "the deletion")
    assert sync.returncode == 0
    assert sorted(path.name for path in goal.iterdir()) == ["pkg"]


def test_sync_does_without_rsync(
    sandbox: Sandbox, machine: str, there: Path, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    (here / "a" / "b").mkdir(parents=True)
    (here / "a" / "b" / "it's [here]*.txt").write_text("x")
    for program in ("ssh", "sftp"):
        found = subprocess.run(("which", program), capture_output=True, text=True, check=True)
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / program).symlink_to(found.stdout.strip())
    path = ("env", f"PATH={tmp_path / 'bin'}")
    words = ("sync", machine, str(here), str(there), "--once")
    done = sandbox.run(*path, *LOCAL, *words)
    assert done.code == 0, done.err
    assert "(by sftp)" in done.err
    assert (there / "a" / "b" / "it's [here]*.txt").read_text() == "x"
    assert len(list(there.rglob("*"))) == 3


def test_exec_passes_the_exit_code_on(sandbox: Sandbox, machine: str) -> None:
    done = sandbox.run(
        *LOCAL, "exec", machine, "--json", "--", "sh", "-c", "echo $0; exit 42", "a b"
    )
    answer = json.loads(done.out)
    assert (done.code, answer["exit_code"], answer["stdout"]) == (42, 42, "a b\n")


def test_a_laptop_that_slept_goes_on_where_it_was(sandbox: Sandbox, machine: str) -> None:
    """Its processes stand still and its connection is cut; awake again, the same shell answers."""
    config = str(sandbox.folder / "alice" / "ssh_config")
    shell = ("ssh", "-S", "none", "-F", config, machine, "while read x; do echo got $x; done")
    with subprocess.Popen(
        shell,
        env=sandbox.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as asleep:
        assert asleep.stdin
        assert asleep.stdout

        def say(word: str) -> str:
            assert asleep.stdin
            assert asleep.stdout
            asleep.stdin.write(word + "\n")
            asleep.stdin.flush()
            return asleep.stdout.readline()

        assert say("one") == "got one\n"
        (proxy,) = children(asleep.pid)
        for process in (proxy, asleep.pid):
            os.kill(process, signal.SIGSTOP)
        torn = sandbox.run(*SANDBOX, "channel", "tear")
        assert torn.code == 0, torn.err
        for process in (asleep.pid, proxy):
            os.kill(process, signal.SIGCONT)
        assert say("two") == "got two\n"
        asleep.stdin.close()


def children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:  # noqa: PTH123
        return [int(word) for word in file.read().split()]
