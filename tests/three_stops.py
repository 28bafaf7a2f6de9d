"""Three things end a job, each by itself: SageMaker's cap, the container's watchdog, the caretaker.

Each is shown with the other two disabled, on real parts: SageMaker's runner, the start-up script,
DynamoDB, S3 and SSM of the sandbox, through sshq's own adapters.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sshq.adapters.clock import SystemClock
from sshq.composition import Live
from sshq.domain import policies
from sshq.domain.jobs import Job, JobShape, Phase
from sshq.domain.tags import job_tags
from sshq.ports import TrainingJob
from sshq.use_cases.follow import follow
from sshq.use_cases.start_up import start_up
from sshq.use_cases.submitting import SPOT_REGISTRATIONS
from sshq.use_cases.sweep import sweep
from tests.core_aws import put_job
from tests.core_services import ALICE
from tests.sandbox_aws import TRUST_SAGEMAKER
from tests.sandbox_ssm import TRUSTS_SSM
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.core_aws import CoreAws

FAR = timedelta(hours=8)
SOON = timedelta(seconds=3)
# In place of the start-up script: a container that hears no watchdog, and ends by itself never.
NO_WATCHDOG = ("/bin/sh", "-c", "exec sleep 600")


@dataclass(frozen=True)
class Ended:
    """How a job ended, and what is left of it."""

    job: Job
    sagemaker: str
    seconds: float
    left: list[str]


class Account:
    """An account that is set up, as far as jobs need it."""

    def __init__(self, aws: CoreAws) -> None:
        self.aws = aws
        self.live = Live(aws.settings, SystemClock())
        names = aws.settings
        iam, s3 = aws.client("iam"), aws.client("s3")
        aws.client("ssm").create_document(
            Name=names.command_document,
            Content=json.dumps(policies.command_document()),
            DocumentType="Command",
        )
        aws.client("ssm").update_service_setting(
            SettingId="/ssm/managed-instance/activation-tier", SettingValue="advanced"
        )
        for role, trust in ((names.job_role, TRUST_SAGEMAKER), (names.node_role, TRUSTS_SSM)):
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))
        s3.create_bucket(
            Bucket=names.bucket, CreateBucketConfiguration={"LocationConstraint": names.region}
        )

    def submit(
        self,
        name: str,
        *,
        cap: timedelta,
        deadline: timedelta,
        watchdog: bool,
        registers: bool = True,
        spot: bool = False,
    ) -> Job:
        """A workbench with these ends before it; it is running when this returns, or is over already."""
        live, settings, now = self.live, self.live.settings, self.live.clock.now()
        job = put_job(
            live,
            Job(
                name=name,
                owner=ALICE,
                request="r" * 64,
                shape=JobShape(
                    instance="ml.m5.large", image=settings.default_image, hours=8, spot=spot
                ),
                prefix=f"jobs/{live.randomness.token(20).hex()}",
                phase=Phase.SUBMITTED,
                created_at=now,
                phase_since=now,
                cap_seconds=int(cap.total_seconds()),
                deadline=now + deadline,
            ),
        )
        tags = job_tags(
            stack=settings.stack,
            job=name,
            job_arn=settings.training_job_arn_prefix + name,
            owner=ALICE.tag,
            owner_id=ALICE.tag,
            request=job.request,
            now=now,
        )
        limit = SPOT_REGISTRATIONS if spot else 1
        activation = live.nodes.create_activation(
            job=name, limit=limit, expires=now + FAR, tags=tags
        )
        live.jobs.change(name, lambda j: j.model_copy(update={"activation": activation.id}))
        prepared = start_up(live, job, activation, {})
        if not registers:
            live.nodes.delete_activation(activation.id)
        live.training_jobs.create(
            TrainingJob(
                name=name,
                role_arn=settings.role_arn(settings.job_role),
                image=job.shape.image,
                instance=job.shape.instance,
                count=1,
                entrypoint=prepared.entrypoint if watchdog else NO_WATCHDOG,
                channels=prepared.channels,
                output_uri=live.startup_files.uri(f"output/{name}"),
                max_seconds=job.cap_seconds,
                tags=tags,
            ),
            request=job.request,
        )
        before = {"Starting", "Downloading"}
        self.until(lambda: self.secondary(name) not in before, "the container runs")
        return job

    def by_cap_alone(self) -> Ended:
        """No watchdog in the container, no caretaker."""
        job = self.submit("sshq-alice-cap", cap=SOON, deadline=FAR, watchdog=False)
        return self.see_off(job)

    def by_watchdog_alone(self) -> Ended:
        """A cap that is far, no caretaker."""
        job = self.submit("sshq-alice-watchdog", cap=FAR, deadline=SOON, watchdog=True)
        return self.see_off(job)

    def by_caretaker_alone(self) -> Ended:
        """A cap that is far, no watchdog in the container."""
        job = self.submit("sshq-alice-caretaker", cap=FAR, deadline=SOON, watchdog=False)
        return self.see_off(job, rounds=True)

    def thief_registers(self, job: Job) -> str:
        """A node of whoever has read the job's own file; its agent serves it."""
        file = self.live.startup_files.get(job.prefix, "job.json")
        assert file
        stolen = json.loads(file)["activation"]
        code = {"ActivationId": stolen["id"], "ActivationCode": stolen["code"]}
        node = self.aws.ssm.register(code)
        self.aws.ssm.start_agent(node)
        return node

    def see_off(self, job: Job, *, rounds: bool = False) -> Ended:
        """Wait until SageMaker has ended it; make rounds only where the caretaker lives."""
        began = time.monotonic()

        def over() -> bool:
            if rounds:
                assert sweep(self.live) == []
            return self.status(job.name) not in {"InProgress", "Stopping"}

        self.until(over, f"{job.name} ends")
        seconds = time.monotonic() - began
        # The event that SageMaker sends then.
        ended = follow(self.live, job.name)
        assert ended is not None
        return Ended(
            ended, f"{self.status(job.name)}/{self.secondary(job.name)}", seconds, self.left(ended)
        )

    def left(self, job: Job) -> list[str]:
        """What of it could still be used: activations, nodes, files."""
        listed = self.aws.client("s3").list_objects_v2(
            Bucket=self.live.settings.bucket, Prefix=job.prefix
        )
        files = [entry["Key"] for entry in listed.get("Contents", [])]
        nodes = [node.id for node in self.live.nodes.all_nodes() if node.job == job.name]
        return [*files, *self.live.nodes.activations_of(job.name), *nodes]

    def status(self, job: str) -> str:
        return str(self._described(job)["TrainingJobStatus"])

    def secondary(self, job: str) -> str:
        return str(self._described(job)["SecondaryStatus"])

    def _described(self, job: str) -> dict[str, object]:
        found: dict[str, object] = self.aws.client("sagemaker").describe_training_job(
            TrainingJobName=job
        )
        return found

    @staticmethod
    def until(holds: Callable[[], bool], what: str) -> None:
        until(holds, f"never: {what}")
