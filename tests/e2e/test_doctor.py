"""The doctor on the whole way, and what only the whole way shows: the machine's own faults."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sshq_local.doctor.examination import CHECKS
from sshq_local.keys import generate_key, public_key_line
from tests.e2e.conftest import LOCAL, RunningJob, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def machine(sandbox: Sandbox, job: RunningJob) -> str:
    """The alias of a machine that the doctor's laptop holds a lease for."""
    done = sandbox.connect(job.ticket, "--no-shell", laptop="patient")
    assert done.code == 0, done.err
    return job.name


def examined(sandbox: Sandbox, machine: str) -> dict[str, Any]:
    done = sandbox.run(*LOCAL, "doctor", machine, "--json", laptop="patient")
    answer: dict[str, Any] = json.loads(done.out)
    return answer


def test_both_doctors_find_all_well(sandbox: Sandbox, machine: str) -> None:
    answer = examined(sandbox, machine)
    assert [check["check"] for check in answer["checks"]] == list(CHECKS)
    assert {check["verdict"] for check in answer["checks"]} <= {"ok", "warning"}
    assert answer["failing"] is None
    assert sandbox.slash("alice", f"doctor {machine}").count(":white_check_mark:") == 5


def _another_host_key(lease: Path) -> None:
    known = lease / "known_hosts"
    alias = known.read_text().split()[0]
    known.write_text(f"{alias} {public_key_line(generate_key())}\n")


def _no_certificate(lease: Path) -> None:
    (lease / "id_ed25519-cert.pub").unlink()


@pytest.mark.parametrize(
    ("damage", "failing"), [(_another_host_key, "host-key"), (_no_certificate, "login")]
)
def test_a_machine_that_lets_nobody_in_is_told_from_an_impostor(
    sandbox: Sandbox, machine: str, damage: Callable[[Path], None], failing: str
) -> None:
    (lease,) = (sandbox.folder / "patient" / "data" / "leases").iterdir()
    before = {path: path.read_bytes() for path in lease.iterdir()}
    damage(lease)
    try:
        answer = examined(sandbox, machine)
    finally:
        for path, content in before.items():
            path.write_bytes(content)
    assert answer["failing"] == failing, answer
