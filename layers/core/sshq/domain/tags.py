"""The tags that sshq writes on activations, nodes and jobs, and the five of the old helper."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

STACK = "sshq:stack"
JOB = "sshq:job"
OWNER = "sshq:owner"
REQUEST = "sshq:request"


def job_tags(
    *, stack: str, job: str, job_arn: str, owner: str, owner_id: str, request: str, now: datetime
) -> dict[str, str]:
    """Only what bears this stack's `sshq:stack` is ever changed or deleted.

    `owner_id` is the `SSHOwner` that `${aws:userid}` is compared with: the member's IAM identity if
    they have one, else their Slack identity, which no IAM principal equals.
    """
    return {
        STACK: stack,
        JOB: job,
        OWNER: owner,
        REQUEST: request[:64],
        "SSHOwner": owner_id,
        "SSHCreator": f"sshq/{stack}",
        "SSHTimestamp": str(int(now.timestamp())),
        "SSHResourceName": job,
        "SSHResourceArn": job_arn,
    }
