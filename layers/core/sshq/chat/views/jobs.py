"""A job's living message, its ticket, and the list of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sshq.chat.catalogue import Texts, texts
from sshq.chat.view import View
from sshq.chat.views.blocks import MOST_BLOCKS, actions, button, context, section
from sshq.chat.views.notices import notice
from sshq.domain.jobs import Job, Phase

if TYPE_CHECKING:
    from datetime import datetime, timedelta

_SIGNS = {
    Phase.READY: ":large_green_circle:",
    Phase.STOPPING: ":large_orange_circle:",
    Phase.STOPPED: ":white_circle:",
    Phase.COMPLETED: ":white_check_mark:",
    Phase.FAILED: ":red_circle:",
}


def job(job: Job, now: datetime) -> View:
    """The one message that is kept up to date: phase, nodes, what comes next."""
    here = texts(job.language)
    phase = here.mrkdwn(f"job.phase.{job.phase.value}")
    lines = [f"{_SIGNS.get(job.phase, ':large_yellow_circle:')} `{job.name}`: {phase}"]
    lines += [here.mrkdwn("job.node", rank=str(n.rank), node=n.id) for n in job.nodes]
    if job.failure:
        lines.append(here.mrkdwn("job.failure", failure=job.failure))
    blocks: list[dict[str, Any]] = [section("\n".join(lines)), context(_shape(job, now, here))]
    buttons = _buttons(job, here)
    if buttons:
        blocks.append(actions(*buttons))
    return View(text=f"{job.name}: {phase}", blocks=tuple(blocks))


def job_list(jobs: list[Job], now: datetime, here: Texts) -> View:
    """`/sshq list`"""
    if not jobs:
        return notice(here, "jobs.none")
    title = here.mrkdwn("jobs.title")
    rows = [
        section(
            f"`{job.name}`: {here.mrkdwn(f'job.phase.{job.phase.value}')}\n{_shape(job, now, here)}"
        )
        for job in jobs[: MOST_BLOCKS - 1]
    ]
    return View(text=title, blocks=(section(f"*{title}*"), *rows))


def submitted(job: Job, here: Texts) -> View:
    """The answer to `/sshq run`."""
    return notice(here, "run.submitted", job=job.name)


def stopping(job: Job, here: Texts) -> View:
    """The answer to `/sshq stop`."""
    return notice(here, "stop.stopping", job=job.name)


def ticket(job: Job, ticket: str, here: Texts) -> View:
    """The line to paste. It is shown ephemerally, to the owner alone."""
    title = here.mrkdwn("ticket.title", job=job.name)
    line = f"```sshq-local connect {ticket}```"
    note = here.mrkdwn("ticket.note", alias=job.alias(0))
    return View(text=title, blocks=(section(f"{title}\n{line}"), context(note)))


def _shape(job: Job, now: datetime, here: Texts) -> str:
    return here.mrkdwn(
        "job.shape",
        count=str(job.shape.count),
        instance=job.shape.instance,
        deadline=job.deadline.strftime("%m-%d %H:%M"),
        age=_age((job.ended_at or now) - job.created_at),
    )


def _age(span: timedelta) -> str:
    minutes, seconds = divmod(max(0, int(span.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def _buttons(job: Job, here: Texts) -> list[dict[str, Any]]:
    buttons = []
    if job.phase is Phase.READY:
        buttons.append(button(here.plain("job.connect"), "connect", {"job": job.name}, "primary"))
    if job.is_open and job.phase is not Phase.STOPPING:
        buttons.append(button(here.plain("job.stop"), "stop", {"job": job.name}, "danger"))
    return buttons
