"""Verify the audit: exported files, the live table, or the one against the other.

    python scripts/verify_audit.py 2026-11-*/audit.jsonl     # files of /sshq audit --export, in order
    python scripts/verify_audit.py --table sshq-table        # with AWS credentials that may read it
    python scripts/verify_audit.py --table sshq-table 2026-11-*/audit.jsonl

Exit codes: 0 intact, 1 not intact, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sshq.domain.audit import Entry, Link, Verification, read_line, verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sshq.adapters.dynamodb.audit import DynamoAudit


def main(words: Sequence[str] | None = None) -> int:
    """Verify what is named; the exit code says whether all of it is intact."""
    parser = argparse.ArgumentParser(description="Verify sshq's audit.")
    parser.add_argument("files", nargs="*", type=Path, help="exported files, the oldest first")
    parser.add_argument("--table", help="the stack's DynamoDB table")
    options = parser.parse_args(words)
    if not options.files and not options.table:
        parser.error("name exported files, --table, or both")
    exported = [entry for file in options.files for entry in _entries(file)]
    whole = [_told("the files", verify(exported))] if options.files else []
    if options.table:
        audit = _audit(options.table)
        stored = list(audit.entries())
        whole.append(_told(options.table, verify(stored, first=Link(), head=audit.head())))
        whole.append(_same(exported, stored))
    return 0 if all(whole) else 1


def _entries(file: Path) -> Iterator[Entry | None]:
    # Not splitlines(): a record may hold characters that it takes for ends of lines.
    lines = file.read_bytes().split(b"\n")
    for line in lines[:-1] if lines[-1] == b"" else lines:
        yield read_line(line.decode("utf-8", "replace"))


def _audit(table: str) -> DynamoAudit:
    import boto3  # noqa: PLC0415  files alone need no AWS

    from sshq.adapters.aws_trail import AwsTrail  # noqa: PLC0415
    from sshq.adapters.clock import SystemClock  # noqa: PLC0415
    from sshq.adapters.dynamodb.audit import DynamoAudit  # noqa: PLC0415
    from sshq.adapters.dynamodb.table import Table  # noqa: PLC0415
    from sshq.adapters.randomness import SystemRandomness  # noqa: PLC0415

    clock, randomness = SystemClock(), SystemRandomness()
    rows = Table(boto3.client("dynamodb"), table, randomness, clock)
    return DynamoAudit(rows, clock, randomness, AwsTrail())


def _told(what: str, found: Verification) -> bool:
    state = "intact" if not found.findings else f"NOT intact: {len(found.findings)} faults"
    print(f"{what}: {found.records} records, {state}; the last is number {found.last.seq}")
    print(f"  its digest: {found.last.digest}")
    for finding in found.findings:
        print(f"  record {finding.seq}: {finding.fault.value}")
    return not found.findings


def _same(exported: list[Entry | None], stored: list[Entry | None]) -> bool:
    """Whether the table still says what was exported: who rewrites the whole chain is found here."""
    there = {entry.seq: entry.digest for entry in stored if entry}
    other = [e.seq for e in exported if e and there.get(e.seq) != e.digest]
    for seq in other:
        print(f"  record {seq}: the table says another thing than the export")
    return not other


if __name__ == "__main__":
    sys.exit(main())
