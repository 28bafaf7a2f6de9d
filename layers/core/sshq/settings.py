"""The stack's settings, from the environment that template.yaml gives each function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sshq.domain.authorisation import Policy
from sshq.domain.desired_state import Names
from sshq.domain.job_options import IdleSeconds
from sshq.domain.members import people_from
from sshq.domain.model import Model
from sshq.domain.money import currency_of
from sshq.domain.run_policy import OverLimits, Rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sshq.domain.money import Currency


class Settings(Model):
    """Everything that differs between two stacks. A function may lack what it has no use for."""

    stack: str
    table: str = ""
    commands_queue_url: str = ""
    provisioning_queue_url: str = ""
    slack_secret_arn: str = ""
    slack_api_url: str = "https://slack.com/api/"
    ssh_ca: str = "a"
    ssh_ca_key_ids: str = ""
    stream_urls: Literal["presigned", "plain"] = "presigned"
    bucket: str = ""
    api_host: str = ""
    admins: str = ""
    second_admin: bool = False
    denied: str = ""
    job_role: str = ""
    job_policy: str = ""
    node_role: str = ""
    group: str = ""
    boundary_arn: str = ""
    client_policy_arn: str = ""
    session_document: str = ""
    command_document: str = ""
    default_instance: str = ""
    default_image: str = ""
    agent_version: str = ""
    """The SSM agent's version that setup mirrors; empty: none, and images must have one."""
    agent_source: str = ""
    client_folder: str = ""
    """Where the wheel of sshq-local lies; only the access API has it."""
    max_hours: float = 24
    workbench_idle: IdleSeconds = 0
    """Seconds; for a workbench of which neither the run nor its preset says anything. 0: never."""
    team_budget: float = 0
    approval_above: float = 0
    over_limits: OverLimits = OverLimits.REFUSE
    vpcs: str = ""
    input_locations: str = ""
    output_locations: str = ""
    data_keys: str = ""
    language: str = "en"
    region: str = ""
    account: str = ""
    partition: str = "aws"

    @property
    def policy(self) -> Policy:
        return Policy(admins=people_from(self.admins), denied=people_from(self.denied))

    @property
    def rules(self) -> Rules:
        """The limits of every run."""
        return Rules(
            max_hours=self.max_hours,
            team_budget=self.team_budget,
            approval_above=self.approval_above,
            over_limits=self.over_limits,
            currency=self.currency,
        )

    @property
    def currency(self) -> Currency:
        """What everything here is counted in."""
        return currency_of(self.partition)

    @property
    def names(self) -> Names:
        """What setup calls the things that it makes."""
        return Names(**{name: getattr(self, name) for name in Names.model_fields})

    @property
    def ssh_ca_keys(self) -> tuple[str, ...]:
        """The CA's KMS keys; the one that signs for new jobs comes first."""
        return tuple(key for key in self.ssh_ca_key_ids.split(",") if key)

    def role_arn(self, name: str) -> str:
        """The ARN of one of the roles that `setup` makes; they stand at path `/`."""
        return f"arn:{self.partition}:iam::{self.account}:role/{name}"

    @property
    def training_job_arn_prefix(self) -> str:
        return f"arn:{self.partition}:sagemaker:{self.region}:{self.account}:training-job/"


def settings_from(environment: Mapping[str, str]) -> Settings:
    """`SSHQ_TABLE` → `table`, and so on; the region is Lambda's own AWS_REGION."""
    found = {
        name: environment[f"SSHQ_{name.upper()}"]
        for name in Settings.model_fields
        if environment.get(f"SSHQ_{name.upper()}")
    }
    found.setdefault("region", environment.get("AWS_REGION", ""))
    return Settings.model_validate(found)
