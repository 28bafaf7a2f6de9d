"""Activity: what sh can see of how busy a node is, and null for what it can't."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from sshq.domain.records import parse_record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def facts_of(output: bytes) -> dict[str, Any]:
    record = parse_record(output.decode())
    assert record is not None
    assert record.stage == "activity"
    return record.facts


def test_a_node_tells_its_logins_bytes_and_load(sh: Callable[..., bytes], tmp_path: Path) -> None:
    # This very process stands for sshd: its one child is the shell that asks.
    (tmp_path / "sshd.pid").write_text(f"{os.getpid()}\n")

    facts = facts_of(
        sh("SSHQ_HOME=$1; activity_begin; cat /bin/sh >/dev/null; activity", str(tmp_path))
    )

    assert set(facts) == {"logins", "bytes", "cpu", "gpu", "load"}
    assert facts["logins"] >= 1
    assert facts["bytes"] > 0
    assert facts["cpu"] is None or 0 <= facts["cpu"] <= 100
    assert facts["load"] >= 0


def test_without_an_ssh_server_bytes_are_unknown(sh: Callable[..., bytes], tmp_path: Path) -> None:
    facts = facts_of(sh("SSHQ_HOME=$1; activity_begin; activity", str(tmp_path)))

    assert (facts["logins"], facts["bytes"]) == (0, None)


@pytest.mark.parametrize(
    ("shown", "percent"), [("7\n93\n", b"93"), ("[N/A]\n", b"null"), ("", b"null")]
)
def test_the_busiest_gpu_counts(
    sh: Callable[..., bytes], tmp_path: Path, shown: str, percent: bytes
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\nprintf '{shown}'\n")
    tool.chmod(0o755)

    assert sh("PATH=$1:$PATH; gpu_percent", str(tmp_path)).strip() == percent


@pytest.mark.parametrize(
    ("then", "now", "growth"), [("5", "9", b"4"), ("9", "5", b"5"), ("", "5", b""), ("5", "", b"")]
)
def test_growth(sh: Callable[..., bytes], then: str, now: str, growth: bytes) -> None:
    assert sh('grown "$1" "$2"', then, now).strip() == growth
