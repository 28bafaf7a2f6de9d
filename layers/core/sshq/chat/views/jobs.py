"""What is said of one job or several in a sentence or a list; the ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat.view import View
from sshq.chat.views.blocks import MOST_BLOCKS, context, section
from sshq.chat.views.notices import notice
from sshq.domain.durations import format_duration

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.chat.catalogue import Texts
    from sshq.domain.jobs import Job


def job_list(jobs: list[Job], now: datetime, here: Texts) -> View:
    """`/sshq list`"""
    if not jobs:
        return notice(here, "jobs.none")
    title = here.mrkdwn("jobs.title")
    rows = [
        section(f"`{job.name}`: {phase(job, here)}\n{shape(job, here)} · {_age(job, now, here)}")
        for job in jobs[: MOST_BLOCKS - 1]
    ]
    return View(text=title, blocks=(section(f"*{title}*"), *rows))


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
    """How many of what, until when, and after how long without work before that."""
    said = here.mrkdwn(
        "job.shape",
        count=str(job.shape.count),
        instance=job.shape.instance,
        deadline=job.deadline,
    )
    idle = job.shape.container.idle_seconds
    return said + (here.mrkdwn("job.shape-idle", idle=format_duration(idle)) if idle else "")


def _age(job: Job, now: datetime, here: Texts) -> str:
    span = (job.ended_at or now) - job.created_at
    return here.mrkdwn("job.age", age=format_duration(int(span.total_seconds())))
