"""job.json: what a job's container is told, through its own input channel.

`job.env` holds the same facts for a shell: an image need have no JSON parser.
"""

from __future__ import annotations

import shlex
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from sshq.domain.agent_pin import AgentPin
from sshq.domain.model import Model, Record


class FailMode(StrEnum):
    """What a failed start-up does to the user's work: by default, nothing."""

    RUN = "run"
    FAIL = "fail"


class ContainerOptions(Model):
    """What a job may ask of its containers' start-up (docs/container.md)."""

    login_user: str = Field(default="root", pattern=r"^[a-z_][a-z0-9_-]{0,31}$")
    """Who logs in over SSH: root, or a user whom the image has."""
    wait_seconds: int = Field(default=0, ge=0, le=86_400)
    """How long the command waits at most to be started; 0 = not at all."""
    idle_seconds: int = Field(default=0, ge=0)
    """After how long without work the container itself ends a workbench; 0 = never."""
    fail_mode: FailMode = FailMode.RUN


class Activation(Model):
    """An SSM activation. The code is a secret: it lets a machine register, `nodes` times."""

    id: str
    code: str = Field(repr=False)
    region: str


class JobFile(Record):
    """The facts that start.sh works from."""

    job: str
    owner: str
    nodes: int
    activation: Activation
    ssh_ca: tuple[str, ...]
    principals: tuple[str, ...]
    login_user: str
    port: int
    command: str
    env: dict[str, str]
    wait_seconds: int = 0
    deadline: datetime
    idle_seconds: int = 0
    fail_mode: FailMode = FailMode.RUN
    agent: AgentPin | None = None
    ssm_role: str = ""

    def as_shell(self) -> str:
        """`NAME='value'` lines for `.`, then the user's own environment as exports."""
        facts = {
            "SSHQ_JOB": self.job,
            "SSHQ_OWNER": self.owner,
            "SSHQ_NODES": str(self.nodes),
            "SSHQ_ACTIVATION_ID": self.activation.id,
            "SSHQ_ACTIVATION_CODE": self.activation.code,
            "SSHQ_REGION": self.activation.region,
            "SSHQ_CA_KEYS": "\n".join(self.ssh_ca),
            "SSHQ_PRINCIPALS": "\n".join(self.principals),
            "SSHQ_LOGIN_USER": self.login_user,
            "SSHQ_PORT": str(self.port),
            "SSHQ_COMMAND": self.command,
            "SSHQ_WAIT_SECONDS": str(self.wait_seconds),
            "SSHQ_DEADLINE": str(int(self.deadline.timestamp())),
            "SSHQ_IDLE_SECONDS": str(self.idle_seconds),
            "SSHQ_FAIL_MODE": self.fail_mode.value,
            "SSHQ_SSM_ROLE": self.ssm_role,
            "SSHQ_AGENT_SUMS": self.agent.sums if self.agent else "",
        }
        lines = [f"{name}={shlex.quote(value)}" for name, value in facts.items()]
        lines.append("# env")
        lines += [f"export {name}={shlex.quote(value)}" for name, value in self.env.items()]
        return "\n".join(lines) + "\n"
