"""What SageMaker, SSM and containers say while a job lives, for tests that follow one."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sshq.domain.job_progress import TrainingStatus, Transition
from sshq.domain.leases import Lease, LeaseSession
from sshq.use_cases.dispatch import commands
from tests.core_services import ALICE, START

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.domain.identity import Actor
    from sshq.domain.jobs import Job
    from tests.core_services import MemoryServices


def run(
    services: MemoryServices, actor: Actor = ALICE, *, trigger: str = "1.1", **asked: Any
) -> Job:
    """`/sshq run`; the job as it is stored then."""
    before = set(services.jobs.all)
    commands(services, services.message(actor, "run", trigger=trigger, **asked))
    (name,) = set(services.jobs.all) - before
    return services.jobs.all[name]


def moves(
    services: MemoryServices,
    job: Job,
    *statuses: str,
    status: str = "InProgress",
    failure: str = "",
) -> None:
    """SageMaker enters these secondary statuses, ten seconds after each other; it is in the last."""
    known = services.training_jobs.status[job.name].transitions
    now = services.clock.now()
    steps = list(known)
    for number, secondary in enumerate(statuses):
        steps.append(Transition(secondary, now + timedelta(seconds=10 * number)))
    services.clock.time = steps[-1].since
    began = [step.since for step in steps if step.status == "Training"]
    services.training_jobs.status[job.name] = TrainingStatus(
        status=status,
        secondary=steps[-1].status,
        failure=failure,
        transitions=tuple(steps),
        started_at=began[0] if began else None,
    )


def record(
    stage: str,
    result: str = "ok",
    code: str = "",
    *,
    rank: int = 0,
    at: datetime | None = None,
    **facts: Any,
) -> str:
    """A record as start.sh prints it."""
    return json.dumps(
        {
            "sshq": 1,
            "stage": stage,
            "result": result,
            "code": code,
            "rank": rank,
            "at": f"{at or START:%Y-%m-%dT%H:%M:%SZ}",
            "ms": 12,
            "facts": facts,
        },
        separators=(",", ":"),
    )


def prints(services: MemoryServices, job: Job, *lines: str, node: str = "algo-1") -> None:
    """A container prints these lines now."""
    services.job_logs.print(job.name, services.clock.now(), *lines, node=node)


def comes_up(services: MemoryServices, job: Job, *nodes: str) -> None:
    """Its nodes register, connect and answer."""
    stored = services.jobs.all[job.name]
    assert stored.activation
    services.nodes.come_up(stored.activation, *(nodes or ("mi-1",)))


def message_of(services: MemoryServices, job: Job) -> str:
    """What the living message says now, as one text."""
    stored = services.jobs.all[job.name]
    assert stored.message
    return json.dumps(services.chat.shown[stored.message.ts].blocks, ensure_ascii=False)


def lease_with_session(
    services: MemoryServices, job: Job, *, node: str, lease: str = "lease-1", session: str = "s-1"
) -> None:
    """The owner holds a lease on the job, and has an SSM session on one of its nodes."""
    now = services.clock.now()
    services.leases.all[lease] = Lease(
        id=lease,
        job=job.name,
        owner=job.owner,
        public_key="ssh-ed25519 AAAA",
        key_fingerprint="f" * 64,
        ticket="t" * 64,
        created_at=now,
        expires_at=job.deadline,
    )
    services.leases.unsettled.add(lease)
    services.leases.open[session] = LeaseSession(
        lease=lease, id=session, owner=job.owner, job=job.name, node=node, started_at=now
    )
