"""The tunnel's figures, in the sandbox: `make bench`. Medians; the machine's load is in them.

One SSM session through the sandbox's message service and agent on loopback: not AWS's, whose agent
sends at most 0.65 MB/s for one session.
"""

from __future__ import annotations

import json
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.conftest import SANDBOX, Sandbox, run_job

if TYPE_CHECKING:
    from collections.abc import Callable

TIMES = 7
MEBIBYTES = 32


def main() -> int:
    """Print the figures and write them to build/bench.json."""
    with tempfile.TemporaryDirectory(prefix="sshq-bench-") as folder:
        sandbox = Sandbox(Path(folder), f"{folder}/state/tls/ca.pem")
        if sandbox.run(*SANDBOX, "up", "--detach").code:
            return 1
        try:
            figures = _measure(sandbox)
        finally:
            sandbox.run(*SANDBOX, "down")
    for name, value in figures.items():
        print(f"{name:<44} {value:10.3f}")
    report = Path("build/bench.json")
    report.parent.mkdir(exist_ok=True)
    report.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


def _measure(sandbox: Sandbox) -> dict[str, float]:
    sandbox.slash("admin", "setup")
    sandbox.click("admin", "Confirm")
    sandbox.slash("admin", "add-user @alice")
    began = time.monotonic()
    job = run_job(sandbox)
    ready = time.monotonic() - began
    began = time.monotonic()
    sandbox.connect(job.ticket, "--", "true")
    prompt = time.monotonic() - began
    config = sandbox.folder / "alice" / "ssh_config"
    alone = ("ssh", "-F", str(config), "-o", "ControlMaster=no", "-o", "ControlPath=none")
    proxy = shlex.split(_option(sandbox, [*alone, "-G", job.name], "proxycommand"))
    block = b"\0" * (MEBIBYTES << 20)
    plain = (*alone, "-o", "Compression=no", job.name)
    up = _seconds(lambda: _ssh(sandbox, [*plain, "cat > /dev/null"], block))
    down = _seconds(lambda: _ssh(sandbox, [*plain, f"head -c {len(block)} /dev/zero"]))
    return {
        "/sshq run -> ticket shown (s)": ready,
        "ticket -> remote command done (s)": prompt,
        "ProxyCommand -> SSH banner (s, median)": _median(lambda: _banner(sandbox, proxy)),
        "ssh true, new connection (s, median)": _median(
            lambda: _ssh(sandbox, [*alone, job.name, "true"])
        ),
        "ssh true, shared connection (s, median)": _median(
            lambda: _ssh(sandbox, ["ssh", "-F", str(config), job.name, "true"])
        ),
        "up (MB/s)": len(block) / up / 1e6,
        "down (MB/s)": len(block) / down / 1e6,
    }


def _banner(sandbox: Sandbox, proxy: list[str]) -> None:
    """Start the ProxyCommand as ssh does, read the server's first line, hang up."""
    with subprocess.Popen(
        proxy, env=sandbox.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        if process.stdout is None or not process.stdout.readline().startswith(b"SSH-2.0"):
            raise RuntimeError("no SSH banner came")
        process.terminate()


def _ssh(sandbox: Sandbox, command: list[str], sent: bytes = b"") -> None:
    subprocess.run(
        command, env=sandbox.environment(), input=sent, stdout=subprocess.DEVNULL, check=True
    )


def _option(sandbox: Sandbox, command: list[str], name: str) -> str:
    shown = sandbox.run(*command).out
    found = re.search(rf"^{name} (.+)$", shown, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"ssh -G shows no {name}")
    return found[1]


def _seconds(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _median(act: Callable[[], None]) -> float:
    return statistics.median(_seconds(act) for _ in range(TIMES))


if __name__ == "__main__":
    sys.exit(main())
