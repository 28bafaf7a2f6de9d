"""From a container's start to ready: a bare image with its own sshd and the agent from its channel.

Prints milliseconds, the whole and its steps; the time that AWS takes to register a node comes on top
(here the agent is a stand-in). Linux, as root:

    python tests/performance/measure_container_start.py [repetitions]
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.root_container import RootContainer, busybox_root
from tests.ssh_authority import Authority

STAGES = ("probe", "sshd", "agent", "register", "ready")


def main() -> None:
    """Median and slowest of the repetitions."""
    if sys.platform != "linux" or os.geteuid() != 0:
        print("container start to ready: not measured (it takes Linux and root)")
        return
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    took: dict[str, list[int]] = {stage: [] for stage in STAGES}
    with tempfile.TemporaryDirectory() as scratch:
        root = busybox_root(Path(scratch) / "root")
        for repetition in range(repetitions):
            folder = Path(scratch) / str(repetition)
            folder.mkdir()
            container = RootContainer(root, folder, Authority())
            container.start()
            container.ready()
            for stage, all_ms in took.items():
                all_ms.append(container.records(stage)[0]["ms"])
            container.close()
    print(f"container start to ready, {repetitions} times: milliseconds, median and slowest")
    for stage, all_ms in took.items():
        print(f"  {stage:9}{statistics.median(all_ms):7.0f}{max(all_ms):7.0f}")


if __name__ == "__main__":
    main()
