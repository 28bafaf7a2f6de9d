"""What is said of one job or several in a sentence or a list; the ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat.view import View
from sshq.chat.views.approvals import waits
from sshq.chat.views.blocks import MOST_BLOCKS, context, section
from sshq.chat.views.notices import notice
from sshq.domain.durations import format_duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sshq.chat.catalogue import Texts
    from sshq.domain.approvals import Approval
    from sshq.domain.jobs import Job
    from sshq.domain.waiting import WaitingRequest


def job_list(
    jobs: Sequence[Job],
    waiting: Sequence[WaitingRequest],
    held: Sequence[Approval],
    now: datetime,
    here: Texts,
) -> View:
    """`/sshq list`: jobs, and requests that have no job yet."""
    if not (jobs or waiting or held):
        return notice(here, "jobs.none")
    title = here.mrkdwn("jobs.title")
    rows = [section(_held(approval, here)) for approval in held]
    rows += [section(_waits(entry, here)) for entry in waiting]
    rows += [section(_listed(job, now, here)) for job in jobs]
    return View(text=title, blocks=(section(f"*{title}*"), *rows[: MOST_BLOCKS - 1]))


def _held(approval: Approval, here: Texts) -> str:
    until = here.mrkdwn("approval.until", until=approval.expires_at)
    return f"{waits(approval, here)}\n{until}"


def _waits(entry: WaitingRequest, here: Texts) -> str:
    facts = {"count": str(entry.shape.count), "pool": entry.shape.pool}
    title = here.mrkdwn("waiting.title-unplaced", **facts)
    return f"{title}\n{here.mrkdwn('waiting.since', since=entry.since)}"


def _listed(job: Job, now: datetime, here: Texts) -> str:
    said = [f"`{job.name}`: {phase(job, here)}"]
    if job.pool_until:
        said.append(here.mrkdwn("job.pool", until=job.pool_until))
    return "\n".join([*said, f"{shape(job, here)} · {_age(job, now, here)}"])


def phase(job: Job, here: Texts) -> str:
    """How far it is. That nothing of it costs money any more is said when it is so."""
    kind = "step" if job.pool_until else "phase"
    return here.mrkdwn(f"job.{kind}.{job.phase.value}")


def stopping(job: Job, here: Texts) -> View:
    """The answer to `/sshq stop`."""
    return notice(here, "stop.stopping", job=job.name)


def stopping_all(jobs: list[Job], waiting: int, here: Texts) -> View:
    """The answer to `/sshq stop --mine`; `waiting` requests waited for capacity."""
    names = ", ".join(f"`{job.name}`" for job in jobs)
    said = [here.mrkdwn("stop.all", count=str(len(jobs)), jobs=names)] if jobs else []
    if waiting:
        said.append(here.mrkdwn("stop.waiting", count=str(waiting)))
    text = "\n".join(said)
    return View(text=text, blocks=(section(text),))


def ticket(job: Job, ticket: str, install: str, here: Texts) -> View:
    """The line to paste. It is shown ephemerally, to the owner alone."""
    title = here.mrkdwn("ticket.title", job=job.name)
    line = f"```sshq-local connect {ticket}```"
    note = here.mrkdwn("ticket.note", alias=job.alias(0), install=install)
    return View(text=title, blocks=(section(f"{title}\n{line}"), context(note)))


def shape(job: Job, here: Texts) -> str:
    """How many of what; while it is there until when, and after how long without work before that."""
    said = here.mrkdwn("job.shape", count=str(job.shape.count), instance=job.shape.instance)
    if not job.is_open:
        return said
    said += here.mrkdwn("job.shape-until", deadline=job.deadline)
    idle = job.shape.container.idle_seconds
    return said + (here.mrkdwn("job.shape-idle", idle=format_duration(idle)) if idle else "")


def _age(job: Job, now: datetime, here: Texts) -> str:
    span = (job.ended_at or now) - job.created_at
    return here.mrkdwn("job.age", age=format_duration(int(span.total_seconds())))
