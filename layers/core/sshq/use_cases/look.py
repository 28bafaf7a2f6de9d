"""`/sshq list`, `status` and `logs`: what there is, and how it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.authorisation import Who
from sshq.use_cases.answering import answer
from sshq.use_cases.authorising import authorise
from sshq.use_cases.choosing import choose_job
from sshq.use_cases.showing import console_of
from sshq.use_cases.waiting import requests_of

if TYPE_CHECKING:
    from sshq.chat.commands.jobs import AJob
    from sshq.chat.commands.watch import Listing, Log
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services

LISTED_AFTER_END = timedelta(days=30)
# No warm pool is kept longer.
KEPT_AT_MOST = timedelta(hours=6)


def jobs(services: Services, message: QueueMessage, arguments: Listing) -> None:
    """The actor's open jobs, those whose instances are kept, and what waits in line or for an admin;
    where asked for also the jobs that ended lately.
    """
    member = authorise(services, message.actor, Who.MEMBER, verb="list")
    here = texts(member.language if member else services.settings.language)
    now = services.clock.now()
    found = services.jobs.open_jobs_of(message.actor)
    since = now - (LISTED_AFTER_END if arguments.all else KEPT_AT_MOST)
    over = services.jobs.ended_jobs_of(message.actor, since=since)
    # What still costs money is no matter of the past.
    found += [job for job in over if arguments.all or (job.pool_until and job.pool_until > now)]
    waiting = requests_of(services, message.actor)
    held = [
        approval
        for approval in services.approvals.waiting()
        if approval.asker.is_same(message.actor) and approval.is_for_a_job
    ]
    answer(services, message, views.job_list(found, waiting, held, now, here))


def status(services: Services, message: QueueMessage, arguments: AJob) -> None:
    """One job as it is now, to whoever asks."""
    job = choose_job(services, message.actor, arguments.job, ended=True)
    member = authorise(services, message.actor, Who.MEMBER, verb="status", job=job)
    here = texts(member.language if member else job.language)
    console = console_of(services)
    answer(services, message, views.status(job, services.clock.now(), console, here))


def logs(services: Services, message: QueueMessage, arguments: Log) -> None:
    """The last lines of a job's log, to whoever asks alone."""
    job = choose_job(services, message.actor, arguments.job, ended=True)
    member = authorise(services, message.actor, Who.MEMBER, verb="logs", job=job)
    here = texts(member.language if member else job.language)
    lines = services.job_logs.tail(job.name, arguments.tail).lines
    answer(services, message, views.log(job, lines, console_of(services), here))
