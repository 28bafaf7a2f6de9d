"""Fetch a new SSH certificate when it is about to end; SSH's `Match exec` runs this (ssh_config)."""

from __future__ import annotations

import json
import os
import sys
import time

from sshq_local.errors import Exit, Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_SOON = 60
"""Seconds: less is left of a certificate while ssh is still connecting."""


def run_words(words: Sequence[str]) -> int:
    """`--data-home DIR LEASE`. Run for each ssh and nearly always done at once: imports are few."""
    _, data_home, lease_id = words
    path = os.path.join(data_home, "leases", lease_id, "lease.json")  # noqa: PTH118
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            expires_at = json.load(file)["certificate_expires_at"]
        if expires_at - time.time() <= _SOON:
            _renew(data_home, lease_id)
    except (OSError, ValueError, LookupError, TypeError):
        return Exit.OK  # the ProxyCommand comes next, and says what is wrong with the lease
    except Refusal as refusal:
        print(f"sshq-local: {refusal.what}", file=sys.stderr)
    return Exit.OK


def _renew(data_home: str, lease_id: str) -> None:
    from pathlib import Path  # noqa: PLC0415 - once an hour

    from sshq_local.lease_store import LeaseStore  # noqa: PLC0415
    from sshq_local.leased import api_of  # noqa: PLC0415
    from sshq_local.redeeming import renew_certificate  # noqa: PLC0415

    store = LeaseStore(Path(data_home))
    lease = store.get(lease_id)
    if lease is not None:
        renew_certificate(lease, store, api_of(lease, store))
