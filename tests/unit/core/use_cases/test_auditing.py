"""`/sshq audit`: everybody's, somebody's, a job's; exported, verified."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sshq.domain.audit import Link, read_line, verify
from sshq.domain.jobs import EndReason
from sshq.use_cases.auditing import export_lately
from sshq.use_cases.dispatch import commands
from sshq.use_cases.stop import stop_job
from tests.core_broker import a_lease, open_session, ready_job
from tests.core_services import ADMIN, ALICE, BOB, MemoryServices


def asked(services: MemoryServices, n: str = "1", **arguments: Any) -> str:
    commands(services, services.message(ADMIN, "audit", trigger=f"audit.{n}", **arguments))
    view = services.chat.said[-1][1]
    return f"{view.text} {view.blocks}"


def test_a_jobs_audit_goes_from_the_request_to_the_last_thing_taken_away(
    services: MemoryServices,
) -> None:
    services.enrol(BOB, "bob")
    other = ready_job(services, BOB, "2")
    job = ready_job(services)
    session = open_session(services, a_lease(services, job), job)
    stop_job(services, job, EndReason.ASKED)

    said = asked(services, of=job.name)

    for event in ("allowed", "submitted", "ready", "redeemed", "session-started", "cleaned-up"):
        assert f"*{event}*" in said
    assert "verb=run reason=a-member" in said
    assert f"session={session}" in said
    assert job.request[:12] in said
    assert other.name not in said


def test_a_persons_audit_has_what_they_did_and_what_was_done_to_them(
    services: MemoryServices,
) -> None:
    services.enrol(BOB, "bob")
    commands(services, services.message(BOB, "run", trigger="bob"))
    services.audit.record("limits-set", actor=ADMIN, member=ALICE.tag)
    services.audit.record("enrolled", actor=ALICE, member=BOB.tag)

    said = asked(services, of=ALICE.user)

    assert "limits-set" in said
    assert "enrolled" in said
    assert "submitted" not in said


def test_only_admins_read_it(services: MemoryServices) -> None:
    commands(services, services.message(ALICE, "audit"))
    assert "Only an admin" in services.chat.said[-1][1].text


def test_a_long_audit_says_that_there_is_more(services: MemoryServices) -> None:
    for number in range(100):
        services.audit.record(f"event-{number}", actor=ALICE, detail="<!channel>" * 20)
    said = asked(services)
    assert "&lt;!channel&gt;" in said
    assert "<!channel>" not in said
    assert "--export" in said


def test_the_export_is_one_file_a_day_and_a_chain(services: MemoryServices) -> None:
    services.clock.time = datetime(2026, 11, 22, 23, 59, 50, tzinfo=UTC)
    for number in range(20):
        services.audit.record(f"event-{number}", actor=ALICE)
        services.clock.time += timedelta(seconds=1)
    services.clock.time += timedelta(days=1)
    export_lately(services)

    folders = services.startup_files.stored
    lines = [
        line
        for day in ("22", "23")
        for line in folders[f"audit/2026-11-{day}"]["audit.jsonl"].decode().splitlines()
    ]
    assert len(folders) == 2
    assert len(lines) == 20
    assert verify(map(read_line, lines), first=Link()).findings == ()


def test_verifying_tells_the_end_and_every_fault(services: MemoryServices) -> None:
    for number in range(5):
        services.audit.record(f"event-{number}", actor=ALICE)
    whole = asked(services, verify=True)
    # The question itself is a record of the chain.
    assert "6 records, the last is number 6" in whole
    assert services.audit.chain[5].digest in whole

    chain = services.audit.chain
    chain[1], chain[2] = chain[2], chain[1]
    del chain[4]
    broken = asked(services, "2", verify=True)
    assert "record 2 stands where another one belongs" in broken
    assert "record 5 is missing" in broken


@pytest.mark.parametrize("of", ["sshq-nobody-none-aaaaaaaa"])
def test_an_unknown_job_is_refused(services: MemoryServices, of: str) -> None:
    assert "There is no job" in asked(services, of=of)
