"""Why the client has a WebSocket codec of its own: process start to the SSH banner, by either way.

Prints milliseconds of fresh processes: the clock's (for a quiet machine) and the processor's:

    python tests/performance/measure_websocket_start.py [repetitions]

`websockets` is measured where it is installed; the project doesn't need it. The server is the
tests' own, with an agent that greets with a banner.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.integration.local_client.ssm.loopback_service import LoopbackService

BANNER = b"SSH-2.0-banner\r\n"

BARE = "import ssl"

OURS = """
import sys
from sshq_local.ssm.proxy import run
from sshq_local.ssm.settings import SessionAccess, Settings
access = SessionAccess(*sys.argv[2:5])
sys.exit(run(lambda: access, lambda _: access, end=None, ca_file=sys.argv[1], stdin_fd=0,
             stdout_fd=1, settings=Settings()))
"""

# The same core with websockets' threaded client for a shell, as short as it can be: one way only.
WEBSOCKETS = """
import os, ssl, sys, time
from websockets.sync.client import connect
from sshq_local.ssm.channel import Channel
from sshq_local.ssm.settings import Settings
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.load_verify_locations(sys.argv[1])
channel = Channel(Settings(), new_id=lambda: os.urandom(16), epoch=time.time() - time.monotonic())
channel.send(os.read(0, 65536), time.monotonic())
with connect(sys.argv[3], ssl=context, compression=None, proxy=None) as socket:
    channel.on_connected(sys.argv[4], time.monotonic())
    while not (data := channel.take_data()):
        for message in channel.take_messages():
            socket.send(message)
        channel.receive(socket.recv(), time.monotonic())
    os.write(1, b"".join(data))
"""


def main() -> None:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    ways = {"bare Python with ssl": BARE, "own codec": OURS}
    if importlib.util.find_spec("websockets") is not None:
        ways["websockets"] = WEBSOCKETS
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    with LoopbackService(Path(tempfile.mkdtemp())) as service:
        for _ in range(repetitions):
            for name, code in ways.items():
                times[name].append(_measure(code, service))
    for name, found in times.items():
        clock, processor = (statistics.median(column) for column in zip(*found, strict=True))
        quickest = min(taken for taken, _ in found)
        print(
            f"{name:22} median {clock:6.1f} ms, quickest {quickest:6.1f} ms, "
            f"processor {processor:6.1f} ms"
        )


def _measure(code: str, service: LoopbackService) -> tuple[float, float]:
    """From the process's start to the first line on its stdout or its end; processor time in all."""
    access = service.open_session()
    command = [sys.executable, "-c", code, str(service.ca_file)]
    command += [access.id, access.stream_url, access.token]
    start = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        # The server echoes: what ssh says first comes back as if it were the banner.
        child.stdin.write(BANNER)
        child.stdin.flush()
        line = child.stdout.readline()
        taken = time.perf_counter() - start
        child.stdin.close()
        _, _, usage = os.wait4(child.pid, 0)
        child.returncode = 0
        assert code == BARE or line == BANNER
    return taken * 1000, (usage.ru_utime + usage.ru_stime) * 1000


if __name__ == "__main__":
    main()
