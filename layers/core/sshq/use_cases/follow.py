"""Follow a job: ask SageMaker, SSM and its log how far it is, write that down, and show it.

Called for an event, for every tick of the caretaker, and again and again while a job starts. Each
call is one look; all that it does can be done twice.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sshq.domain.job_progress import Look, NodeState, TrainingStatus, after, ended_by, phase_of
from sshq.domain.jobs import EndReason, Phase
from sshq.domain.node_starts import followed
from sshq.domain.registrations import Registration, at_start
from sshq.domain.waiting import Cause, is_capacity_failure
from sshq.use_cases.ending import clean_up, close_door, leave_nodes
from sshq.use_cases.mint import show_ticket
from sshq.use_cases.reading_logs import records_since
from sshq.use_cases.release import release
from sshq.use_cases.showing import show
from sshq.use_cases.too_many import keep_out
from sshq.use_cases.waiting import enter, settle_attempt
from sshq.use_cases.warm_pool import watch_pool

if TYPE_CHECKING:
    from sshq.domain.jobs import Job, Node
    from sshq.domain.node_starts import NodeStart
    from sshq.domain.records import StageRecord
    from sshq.ports import RegisteredNode, Services

LOOK_AGAIN_SECONDS = 2.0
# CloudWatch takes few calls a second for the whole account, and has the lines some seconds late.
LOOKS_FOR_ONE_READING = 3
# Longer than the queue tries: a request that SageMaker doesn't know after that never reached it.
SUBMITTED_BY_THEN = timedelta(minutes=30)
# A stop may overtake a submission that is under way, but not for longer than a worker lives.
STOPPED_BY_THEN = timedelta(minutes=2)


def follow(services: Services, name: str, *, reads_log: bool = True) -> Job | None:
    """One look at one job. Returns it as it is now; None for a job that isn't this stack's."""
    before = services.jobs.get(name)
    if before is None:
        return None
    now = before
    if before.is_open:
        before, now = _look_and_move(services, before, reads_log=reads_log)
    elif before.requeued:
        settle_attempt(services, before)
    elif before.may_keep_pool:
        now = watch_pool(services, before)
    else:
        # Whoever ended it without SageMaker died before that.
        release(services, before, billable_seconds=0)
    _record(services, before, now)
    try:
        show(services, now)
    finally:
        # Only this look sees it become ready; the message is for the next one, too.
        if now.phase is Phase.READY and before.phase is not Phase.READY:
            show_ticket(services, now, now.response_url)
    return now


def follow_until_ready(services: Services, name: str, *, seconds: float) -> None:
    """Look every two seconds while the job's containers start, at most for `seconds`."""
    until = services.clock.now().timestamp() + seconds
    looks = 0
    while True:
        job = follow(services, name, reads_log=looks % LOOKS_FOR_ONE_READING == 0)
        looks += 1
        if job is None or not job.phase.is_start_up:
            return
        if services.clock.now().timestamp() + LOOK_AGAIN_SECONDS > until:
            return
        services.clock.sleep(LOOK_AGAIN_SECONDS)


def _look_and_move(services: Services, job: Job, *, reads_log: bool) -> tuple[Job, Job]:
    """The job before and after this look: the same, if the look changed nothing."""
    status = services.training_jobs.describe(job.name)
    now = services.clock.now()
    if status is None:
        return job, _unknown_to_sagemaker(services, job)
    if _lacked_capacity(job, status):
        enter(services, job, Cause.CAPACITY, status.failure)
        same = services.jobs.get(job.name) or job
        return same, same
    look = _look(services, job, status, reads_log=reads_log)
    phase = phase_of(look, job)
    if phase.has_ended:
        # Before the job counts as ended: nobody looks at it afterwards, and this can be done twice.
        clean_up(services, job)
        release(services, job, status.billed_seconds)
        # Its place is free, though it never began: who waits for one need not sit out their pause.
        services.waiting_room.let_in(job.shape.pool)
    elif phase is Phase.READY and job.phase.may_become(phase) and not job.restarts_anew:
        close_door(services, job)
    if status.restarts > job.restarts:
        leave_nodes(services, job)
    if after(job, look, now) is None:
        return job, job
    before = job

    def moved_on(stored: Job) -> Job | None:
        nonlocal before
        before = stored
        return after(stored, look, now)

    moved = services.jobs.change(job.name, moved_on)
    if moved is None:
        same = services.jobs.get(job.name) or job
        return same, same
    return before, moved


def _look(services: Services, job: Job, status: TrainingStatus, *, reads_log: bool) -> Look:
    if job.phase is Phase.READY and status.containers_run:
        return Look(status)
    records: list[StageRecord] = []
    containers = [step.since for step in status.run if step.status == "Training"]
    if containers and (reads_log or status.has_ended):
        records = records_since(services, job, containers[0])
    known = job.starting if status.restarts == job.restarts else ()
    starting = followed(known, records)
    return Look(
        status,
        nodes=_nodes(services, job, status, starting) if status.containers_run else (),
        starting=starting,
        ended_by=ended_by(records),
    )


def _lacked_capacity(job: Job, status: TrainingStatus) -> bool:
    """Whether trying again may help, and somebody still wants it. What has run isn't begun anew."""
    failed = status.status == "Failed" and is_capacity_failure(status.failure)
    return failed and not status.billable_seconds and job.phase is not Phase.STOPPING


def _nodes(
    services: Services, job: Job, status: TrainingStatus, starting: tuple[NodeStart, ...]
) -> list[NodeState]:
    """Those that may be let in. Of those that may not their people hear."""
    if job.activation is None:
        return []
    online = [node for node in services.nodes.registered(job.activation) if node.online]
    states = {node.id: _look_at_node(services, node.id) for node in online}
    roll = at_start(
        job,
        [_registration(node, states[node.id].probed) for node in online],
        starts=starting,
        run_since=status.run_since,
        containers_since=status.containers_since,
        restarted=status.restarts > 0,
    )
    keep_out(services, job, roll)
    return [state for state in states.values() if state.id in roll.own]


def _registration(node: RegisteredNode, probed: Node | None) -> Registration:
    return Registration(node.id, node.registered_at, probed.rank if probed else None)


def _look_at_node(services: Services, node: str) -> NodeState:
    connected = services.nodes.is_connected(node)
    probed = services.nodes.probe(node) if connected else None
    return NodeState(id=node, online=True, connected=connected, probed=probed)


def _unknown_to_sagemaker(services: Services, job: Job) -> Job:
    """It was never submitted, or not yet. In the end nothing of it may stay open."""
    since = services.clock.now() - job.phase_since
    if job.phase is Phase.STOPPING and since >= STOPPED_BY_THEN:
        phase, reason = Phase.STOPPED, job.end_reason
    elif job.phase in {Phase.REQUESTED, Phase.SUBMITTED} and since >= SUBMITTED_BY_THEN:
        phase, reason = Phase.FAILED, EndReason.NEVER_SUBMITTED
    else:
        return job
    clean_up(services, job)
    release(services, job, 0)
    now = services.clock.now()
    return (
        services.jobs.change(
            job.name,
            lambda stored: (
                stored.entered(phase, now, ended_at=now, end_reason=reason)
                if stored.phase is job.phase
                else None
            ),
        )
        or job
    )


def _record(services: Services, before: Job, job: Job) -> None:
    """What the audit keeps of a job's way: that it was ready, was restarted, and ended."""
    reason = job.end_reason.value if job.end_reason else ""
    if job.restarts > before.restarts:
        times = str(job.restarts)
        services.audit.record("restarted", actor=job.owner, job=job.name, times=times)
    if job.phase is Phase.READY and before.phase is not Phase.READY:
        nodes = ",".join(node.id for node in job.nodes)
        services.audit.record("ready", actor=job.owner, job=job.name, nodes=nodes)
    if job.phase.has_ended and not before.phase.has_ended:
        services.audit.record(job.phase.value, actor=job.owner, job=job.name, reason=reason)
