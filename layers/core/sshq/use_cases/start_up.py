"""What a job's containers are given: their entrypoint and input channels, put into S3 before the job.

The scripts are the same for all jobs and lie under their own digest; what is a job's own, the
activation code among it, lies under the job's random prefix and goes as soon as nodes are ready.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sshq.container import (
    AGENT_CHANNEL,
    CODE_CHANNEL,
    JOB_CHANNEL,
    entrypoint,
    startup_digest,
    startup_files,
)
from sshq.domain.job_file import JobFile
from sshq.domain.job_source import command_with_source
from sshq.domain.jobs import SSH_PORT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sshq.domain.agent_pin import AgentPin
    from sshq.domain.job_file import Activation
    from sshq.domain.jobs import Job
    from sshq.ports import Services

# The bot, which warns before it ends an idle job, has so much longer than the container's watchdog.
BOT_FIRST_SECONDS = 900


@dataclass(frozen=True)
class StartUp:
    """For CreateTrainingJob. `channels` are S3 URIs by channel name."""

    entrypoint: tuple[str, ...]
    channels: Mapping[str, str]


def start_up(
    services: Services, job: Job, activation: Activation, env: Mapping[str, str]
) -> StartUp:
    """Put the files where SageMaker will find them. `env` isn't kept anywhere else: it may be secret."""
    scripts = f"container/{startup_digest()}"
    services.startup_files.put_shared(scripts, startup_files())
    agent = services.agent_mirror.pinned()
    services.startup_files.put(job.prefix, _own_files(services, job, activation, env, agent))
    folders = {JOB_CHANNEL: job.prefix, CODE_CHANNEL: scripts}
    if agent is not None:
        folders[AGENT_CHANNEL] = agent.prefix
    return StartUp(
        entrypoint=entrypoint(startup_digest()),
        channels={name: services.startup_files.uri(prefix) for name, prefix in folders.items()},
    )


def _own_files(
    services: Services,
    job: Job,
    activation: Activation,
    env: Mapping[str, str],
    agent: AgentPin | None,
) -> dict[str, bytes]:
    options = job.shape.container
    facts = JobFile(
        job=job.name,
        owner=job.owner.tag,
        nodes=job.shape.count,
        activation=activation,
        ssh_ca=services.ca.public_keys(),
        principals=(job.name,),
        login_user=options.login_user,
        port=SSH_PORT,
        command=command_with_source(job.shape.source, job.shape.command),
        env=dict(env),
        wait_seconds=options.wait_seconds,
        deadline=job.deadline,
        idle_seconds=options.idle_seconds + BOT_FIRST_SECONDS if options.idle_seconds else 0,
        fail_mode=options.fail_mode,
        agent=agent,
        ssm_role=services.settings.node_role,
    )
    return {
        "job.json": facts.model_dump_json(indent=1).encode(),
        "job.env": facts.as_shell().encode(),
    }
