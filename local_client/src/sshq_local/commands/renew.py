"""Fetch a new SSH certificate when it is about to end; SSH's `Match exec` runs this (ssh_config)."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sshq_local.errors import Exit, Refusal
from sshq_local.lease_store import LeaseStore
from sshq_local.leased import api_of
from sshq_local.redeeming import renew_certificate

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data-home", required=True, help="sshq's data folder")
    parser.add_argument("lease", help="the lease's id")


def run(arguments: argparse.Namespace) -> int:
    store, now = LeaseStore(Path(arguments.data_home)), time.time()
    try:
        lease = store.get(arguments.lease)
        if lease is not None and lease.certificate_expires_at - now <= 60:
            renew_certificate(lease, store, api_of(lease, store), now=now)
    except Refusal as refusal:
        # The ProxyCommand comes next and fails with the same words; ssh must get that far.
        print(f"sshq-local: {refusal.what}", file=sys.stderr)
    return Exit.OK
