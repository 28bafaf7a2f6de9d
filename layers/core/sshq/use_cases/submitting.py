"""Submit one attempt of a job. Each step can be done again, and each is before or after one call."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sshq.chat.catalogue import texts
from sshq.domain.job_source import CHANNEL as SOURCE_CHANNEL
from sshq.domain.job_source import s3_channel
from sshq.domain.jobs import Job, Phase
from sshq.domain.networks import networks_from
from sshq.domain.policies import checkpoints_of
from sshq.domain.tags import job_tags
from sshq.ports import TrainingJob
from sshq.use_cases.release import release
from sshq.use_cases.showing import show
from sshq.use_cases.start_up import start_up

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sshq.domain.job_file import Activation
    from sshq.domain.members import Member
    from sshq.domain.refusals import Refusal
    from sshq.ports import Services

# How long SageMaker may look for capacity before the activation is of no use any more.
CAPACITY_WAIT = timedelta(hours=24)
# A spot instance may be taken away; each machine that follows registers anew.
SPOT_REGISTRATIONS = 4


def submit(services: Services, job: Job, member: Member, env: Mapping[str, str]) -> Job:
    """`env` comes with the request each time: its values may be secrets, so the job's row has none.

    Gives back the job as it is then. Raises Refusal when SageMaker won't take it.
    """
    # An earlier delivery was here, and may have died between SageMaker's answer and the row. Its job
    # holds that activation: with a new one in its place the node could not register.
    again = bool(job.activation)
    if not (again and services.training_jobs.is_there(job.name, request=job.request)):
        _create(services, job, member, env)
    moved = services.jobs.change(job.name, lambda stored: _submitted(stored, services))
    services.audit.record("submitted", actor=job.owner, job=job.name, request=job.request)
    return moved or services.jobs.get(job.name) or job


def forget(services: Services, job: Job, *, keep_files: bool = False) -> None:
    """SageMaker didn't take it: nothing of the attempt stays behind.

    Its files may have to stay: they hold the environment for the next attempt.
    """
    stored = services.jobs.get(job.name)
    if stored is not None and stored.activation:
        services.nodes.delete_activation(stored.activation)
    if not keep_files:
        services.startup_files.delete(job.prefix)


def end_unsubmitted(services: Services, job: Job, refusal: Refusal) -> None:
    """The attempt's row says why it came to nothing, its message does too, and its money comes back.

    A crash on the way leaves an unsettled row to the caretaker.
    """
    forget(services, job)
    now = services.clock.now()
    failure = texts(job.language).plain(f"refusal.{refusal.reason.value}", **refusal.facts)
    ended = services.jobs.change(
        job.name,
        lambda stored: stored.entered(Phase.FAILED, now, ended_at=now, failure=failure),
    )
    release(services, ended or job, billable_seconds=0)
    show(services, ended or job)


def _create(services: Services, job: Job, member: Member, env: Mapping[str, str]) -> None:
    settings, shape = services.settings, job.shape
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
    source = s3_channel(shape.source)
    network = networks_from(settings.vpcs).get(shape.vpc)
    services.training_jobs.create(
        TrainingJob(
            name=job.name,
            role_arn=settings.role_arn(settings.job_role),
            image=shape.image,
            instance=shape.instance,
            count=shape.count,
            entrypoint=prepared.entrypoint,
            channels={
                **prepared.channels,
                **({SOURCE_CHANNEL: source} if source else {}),
                **shape.inputs,
            },
            output_uri=shape.output or services.startup_files.uri(f"output/{job.name}"),
            max_seconds=job.cap_seconds,
            volume_gb=shape.volume_gb,
            tags=tags,
            subnets=network.subnets if network else (),
            security_groups=network.security_groups if network else (),
            warm_pool_seconds=shape.warm_pool_seconds,
            max_wait_seconds=job.max_wait_seconds,
            checkpoint_uri=services.startup_files.uri(checkpoints_of(job.prefix)),
        ),
        request=job.request,
    )


def _fresh_activation(services: Services, job: Job, tags: dict[str, str]) -> Activation:
    """An activation whose code we hold. Others of this job, that a crash or a lost answer left, go."""
    nodes = job.shape.count * (SPOT_REGISTRATIONS if job.shape.spot else 1)
    wait = timedelta(seconds=job.max_wait_seconds) if job.shape.spot else CAPACITY_WAIT
    activation = services.nodes.create_activation(
        job=job.name, limit=nodes, expires=services.clock.now() + wait, tags=tags
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
