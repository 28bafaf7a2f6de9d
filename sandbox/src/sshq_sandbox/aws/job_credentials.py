"""The AWS credentials of a job's role, as the platform hands them to its containers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq_sandbox.aws.job_data import DataError

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from sshq_sandbox.aws.training_job import TrainingJob


class JobCredentials:
    """Assumes the role, and registers the key as the caller `job:<name>`."""

    def __init__(self, callers: MutableMapping[str, str]) -> None:
        self._callers = callers

    def __call__(self, job: TrainingJob) -> dict[str, str]:
        """Raises DataError when the role has gone since the job was created."""
        from moto.core.exceptions import ServiceException  # noqa: PLC0415  (slow)
        from moto.sts.models import sts_backends  # noqa: PLC0415

        role_arn = job.request["RoleArn"]
        try:
            role = sts_backends[job.account_id][role_arn.split(":")[1]].assume_role(
                region_name=job.region,
                role_session_name="SageMaker",
                role_arn=role_arn,
                policy="",
                duration=43_200,
                external_id="",
            )
        except ServiceException as error:
            message = f"ClientError: SageMaker was unable to assume the role '{role_arn}'"
            raise DataError(message) from error
        self._callers[role.access_key_id] = f"job:{job.name}"
        return {
            "AWS_ACCESS_KEY_ID": role.access_key_id,
            "AWS_SECRET_ACCESS_KEY": role.secret_access_key,
            "AWS_SESSION_TOKEN": role.session_token,
        }
