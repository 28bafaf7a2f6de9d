"""`/sshq run`: one request, one job, whatever is delivered twice or dies half-way.

Each step can be done again: the job's row is made once under a name that follows from the request,
and everything random (the channel's prefix) is kept there before it is used.
"""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.authorisation import Who
from sshq.domain.job_file import ContainerOptions
from sshq.domain.jobs import Job, JobShape, Phase, job_name
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.tags import job_tags
from sshq.ports import TrainingJob
from sshq.use_cases.answering import answer
from sshq.use_cases.authorising import authorise
from sshq.use_cases.showing import announce
from sshq.use_cases.start_up import start_up

if TYPE_CHECKING:
    from sshq.chat.commands.jobs import Run
    from sshq.domain.job_file import Activation
    from sshq.domain.members import Member
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services

PREFIX_BYTES = 20
# How long SageMaker may look for capacity before the activation is of no use any more.
CAPACITY_WAIT = timedelta(hours=24)
# MaxRuntimeInSeconds counts from the start of training; what the start-up takes is added.
START_UP_SECONDS = 900


def run(services: Services, message: QueueMessage, arguments: Run) -> None:
    """Submit a job for the member who asked, and put its living message into their DM."""
    member = authorise(services, message.actor, Who.MEMBER, verb="run")
    if member is None:
        raise Refusal(Reason.NOT_A_MEMBER, user=message.actor.user)
    job = services.jobs.add(_new_job(services, message, member, arguments))
    if job.phase is Phase.REQUESTED:
        try:
            _submit(services, job, member, arguments.env)
        except Refusal as refusal:
            _give_up(services, job, refusal)
            raise
    _announce(services, message, job.name)


def _new_job(services: Services, message: QueueMessage, member: Member, asked: Run) -> Job:
    settings, now = services.settings, services.clock.now()
    hours = asked.hours if asked.hours is not None else min(8, settings.max_hours)
    if hours > settings.max_hours:
        raise Refusal(Reason.OVER_THE_CAP, hours=f"{hours:g}", cap=f"{settings.max_hours:g}")
    return Job(
        name=job_name(
            member_slug=member.slug, label=asked.name, request=message.request, attempt=1
        ),
        owner=member.actor,
        request=message.request,
        shape=JobShape(
            instance=asked.instance or settings.default_instance,
            image=asked.image or settings.default_image,
            count=asked.count,
            hours=hours,
            command=asked.command,
            name=asked.name,
            container=ContainerOptions(
                login_user=asked.login,
                wait_seconds=asked.wait,
                fail_mode=asked.on_failure,
            ),
        ),
        prefix=f"jobs/{services.randomness.token(PREFIX_BYTES).hex()}",
        created_at=now,
        phase_since=now,
        cap_seconds=math.ceil(settings.max_hours * 3600) + START_UP_SECONDS,
        deadline=now + timedelta(hours=hours),
        response_url=message.answer.response_url,
        language=member.language,
        ca_keys=services.ca.key_ids,
    )


def _submit(services: Services, job: Job, member: Member, env: dict[str, str]) -> None:
    """`env` comes with the request each time: its values may be secrets, so the job's row has none."""
    settings = services.settings
    arn = settings.training_job_arn_prefix + job.name
    tags = job_tags(
        stack=settings.stack,
        job=job.name,
        job_arn=arn,
        owner=job.owner.tag,
        owner_id=member.owner_id,
        request=job.request,
        now=services.clock.now(),
    )
    activation = _fresh_activation(services, job, tags)
    prepared = start_up(services, job, activation, env)
    services.training_jobs.create(
        TrainingJob(
            name=job.name,
            role_arn=settings.role_arn(settings.job_role),
            image=job.shape.image,
            instance=job.shape.instance,
            count=job.shape.count,
            entrypoint=prepared.entrypoint,
            channels=prepared.channels,
            output_uri=services.startup_files.uri(f"output/{job.name}"),
            max_seconds=job.cap_seconds,
            tags=tags,
        ),
        request=job.request,
    )
    services.jobs.change(job.name, lambda stored: _submitted(stored, services))
    services.audit.record("submitted", actor=job.owner, job=job.name, request=job.request)


def _fresh_activation(services: Services, job: Job, tags: dict[str, str]) -> Activation:
    """An activation whose code we hold. Others of this job, that a crash or a lost answer left, go."""
    activation = services.nodes.create_activation(
        job=job.name,
        limit=job.shape.count,
        expires=services.clock.now() + CAPACITY_WAIT,
        tags=tags,
    )
    services.jobs.change(
        job.name, lambda stored: stored.model_copy(update={"activation": activation.id})
    )
    for orphan in services.nodes.activations_of(job.name):
        if orphan != activation.id:
            services.nodes.delete_activation(orphan)
    return activation


def _submitted(job: Job, services: Services) -> Job | None:
    if not job.phase.may_become(Phase.SUBMITTED):
        return None
    return job.entered(Phase.SUBMITTED, services.clock.now())


def _give_up(services: Services, job: Job, refusal: Refusal) -> None:
    """SageMaker won't take it: nothing of the job stays behind but its row."""
    stored = services.jobs.get(job.name)
    if stored is not None and stored.activation:
        services.nodes.delete_activation(stored.activation)
    services.startup_files.delete(job.prefix)
    now = services.clock.now()
    end = {
        "phase": Phase.FAILED,
        "phase_since": now,
        "ended_at": now,
        "failure": refusal.reason.value,
        "settled": True,
    }
    services.jobs.change(job.name, lambda stored: stored.model_copy(update=end))


def _announce(services: Services, message: QueueMessage, name: str) -> None:
    """The living message, once; and a word where the command was typed."""
    job = services.jobs.get(name)
    if job is None or job.message is not None:
        return
    announce(services, job)
    answer(services, message, views.submitted(job, texts(job.language)))
