"""How long each function's code takes to import in a new Python: the greater part of a cold start.

Lambda gives a function's start a whole processor; a slower one there takes as many times longer.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIMES = 3
_IMPORT = "import time; began = time.process_time(); import app; print(time.process_time() - began)"


def main() -> int:
    """Print a line for each function: processor time of the import, and by the clock with Python's start."""
    for folder in sorted(path.parent for path in ROOT.glob("functions/*/app.py")):
        imported, started = [], []
        for _ in range(TIMES):
            began = time.perf_counter()
            done = subprocess.run(
                (sys.executable, "-c", _IMPORT),
                cwd=folder,
                check=True,
                capture_output=True,
                text=True,
            )
            started.append(time.perf_counter() - began)
            imported.append(float(done.stdout))
        print(
            f"{folder.name:<18} imports {statistics.median(imported) * 1000:6.0f} ms of processor,"
            f" {statistics.median(started) * 1000:6.0f} ms by the clock with Python's start"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
