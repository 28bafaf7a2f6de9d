"""At the end of the session the proofs' counts go where SSHQ_PROOF_COUNTS says."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.security.iam.counting import COUNTS


def pytest_sessionfinish() -> None:
    """Of this process: count with one (no -n)."""
    if path := os.environ.get("SSHQ_PROOF_COUNTS"):
        Path(path).write_text(json.dumps(COUNTS), encoding="utf-8")
