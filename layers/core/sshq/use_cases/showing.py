"""Keep a job's one living message true: it is written anew when it would say something else."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.domain.console_links import Console
from sshq.domain.jobs import Phase
from sshq.use_cases.announcing import post_once
from sshq.use_cases.reading_logs import last_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sshq.chat.view import View
    from sshq.domain.jobs import Job
    from sshq.domain.log_pages import LogLine
    from sshq.ports import Services

SHOWN_LINES = 20
# Two may show at once, of which the later knows less. Each looks again after it wrote.
_MOST_ROUNDS = 5


def show(services: Services, job: Job) -> None:
    """Bring the living message up to date; a job that has ended, and says so there, is settled.

    What is shown is written down after it was shown: a crash between, or a Slack that is away, leaves
    the job to the caretaker's next round.
    """
    if job.requeued:
        return  # its message tells of the request, which waits for the next attempt
    lines = last_lines(services, job.name, SHOWN_LINES) if _tells_of_failure(job) else ()
    for _ in range(_MOST_ROUNDS):
        view = _view(services, job, lines)
        digest = _digest(view)
        if digest == job.shown and job.is_open != job.settled:
            return
        if digest != job.shown and job.message is not None:
            services.chat.update(job.message, view)
        update = {"shown": digest, "settled": not job.is_open}
        stored = services.jobs.change(job.name, lambda s: s.model_copy(update=update))  # noqa: B023
        if stored is None or _digest(_view(services, stored, lines)) == digest:
            return
        job = stored


def announce(services: Services, job: Job, *, again: bool = False) -> Job:
    """Post the living message into the owner's DM. `again`: it may be there already, unknown to us."""
    view = _view(services, job, ())
    message = post_once(
        services,
        job.owner,
        view,
        key=job.request,
        since=job.asked_at or job.created_at,
        again=again,
    )
    update = {"message": message, "shown": _digest(view)}
    changed = services.jobs.change(job.name, lambda stored: stored.model_copy(update=update))
    return changed or job


def console_of(services: Services) -> Console:
    """Where the stack's account is looked at."""
    return Console(services.settings.region, services.settings.partition)


def _view(services: Services, job: Job, lines: Sequence[LogLine]) -> View:
    return views.job(job, console=console_of(services), lines=lines)


def _tells_of_failure(job: Job) -> bool:
    return job.phase is Phase.FAILED or any(start.gave_up for start in job.starting)


def _digest(view: View) -> str:
    whole = json.dumps([view.text, *view.blocks], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:16]
