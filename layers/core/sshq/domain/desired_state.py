"""What should exist in the AWS account, as data: the one source of plans, drift reports and exports."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sshq.domain import policies
from sshq.domain.data_locations import locations_from
from sshq.domain.model import Model
from sshq.domain.networks import networks_from

ACTIVATION_TIER = "/ssm/managed-instance/activation-tier"
FULL_ACCESS = "AmazonSageMakerFullAccess"


class Kind(StrEnum):
    """What a resource is."""

    ROLE = "role"
    GROUP = "group"
    SETTING = "setting"
    DOCUMENT = "document"
    BUCKET = "bucket"
    AGENT = "agent"


class Resource(Model):
    """One thing that should exist. `spec` is what sshq cares about of it, as JSON data.

    role: trust, boundary, attached (ARNs), inline (name → document) · group: attached, inline (names) ·
    setting: value · document: type, content · bucket: policy, encryption, lifecycle, private,
    owner_enforced · agent: version. `why` is a key of the catalogue.
    """

    kind: Kind
    name: str
    why: str
    spec: dict[str, Any]

    @property
    def key(self) -> str:
        return f"{self.kind.value}:{self.name}"


class Names(Model):
    """The names under which setup makes things, and the stack's own policies it attaches."""

    stack: str
    partition: str
    region: str
    account: str
    job_role: str
    job_policy: str
    node_role: str
    group: str
    bucket: str
    boundary_arn: str
    client_policy_arn: str
    session_document: str
    command_document: str
    agent_version: str = ""
    vpcs: str = ""
    input_locations: str = ""
    output_locations: str = ""
    data_keys: str = ""

    def policy_arn(self, name: str) -> str:
        """A customer managed policy of this account."""
        return f"arn:{self.partition}:iam::{self.account}:policy/{name}"

    @property
    def full_access_arn(self) -> str:
        """The policy of AWS's own that the quickstart attaches."""
        return f"arn:{self.partition}:iam::aws:policy/{FULL_ACCESS}"


def desired(names: Names, *, quickstart: bool = False) -> list[Resource]:
    """All that setup makes, in the order of its dependencies.

    `quickstart` gives jobs AmazonSageMakerFullAccess besides, inside the boundary.
    """
    return [
        _bucket(names),
        _job_role(names, quickstart=quickstart),
        _node_role(names),
        Resource(
            kind=Kind.GROUP,
            name=names.group,
            why="setup.why.group",
            spec={"attached": [names.client_policy_arn], "inline": {}},
        ),
        Resource(
            kind=Kind.DOCUMENT,
            name=names.session_document,
            why="setup.why.session-document",
            spec={"type": "Session", "content": policies.session_document()},
        ),
        Resource(
            kind=Kind.DOCUMENT,
            name=names.command_document,
            why="setup.why.command-document",
            spec={"type": "Command", "content": policies.command_document()},
        ),
        Resource(
            kind=Kind.SETTING,
            name=ACTIVATION_TIER,
            why="setup.why.tier",
            spec={"value": "advanced"},
        ),
        *_agent(names),
    ]


def _bucket(names: Names) -> Resource:
    return Resource(
        kind=Kind.BUCKET,
        name=names.bucket,
        why="setup.why.bucket",
        spec={
            "private": True,
            "owner_enforced": True,
            "encryption": "AES256",
            "lifecycle": policies.lifecycle_rules(),
            "policy": policies.tls_only(partition=names.partition, bucket=names.bucket),
        },
    )


def _job_role(names: Names, *, quickstart: bool) -> Resource:
    """The policy is the role's own: a managed one could be held by people as well (the seed's is)."""
    document = policies.job_policy(
        partition=names.partition,
        region=names.region,
        account=names.account,
        bucket=names.bucket,
        networks=networks_from(names.vpcs).values(),
        data=policies.Data(
            read=locations_from(names.input_locations),
            write=locations_from(names.output_locations),
            keys=tuple(key for key in names.data_keys.split(",") if key),
        ),
    )
    return Resource(
        kind=Kind.ROLE,
        name=names.job_role,
        why="setup.why.role-job",
        spec={
            "trust": policies.service_trust("sagemaker.amazonaws.com", names.account, "SshqJobs"),
            "boundary": names.boundary_arn,
            "attached": [names.full_access_arn] if quickstart else [],
            "inline": {names.job_policy: document},
        },
    )


def _node_role(names: Names) -> Resource:
    document = policies.node_policy(
        partition=names.partition, region=names.region, account=names.account
    )
    return Resource(
        kind=Kind.ROLE,
        name=names.node_role,
        why="setup.why.role-node",
        spec={
            "trust": policies.service_trust("ssm.amazonaws.com", names.account, "SshqNodes"),
            "boundary": names.boundary_arn,
            "attached": [],
            "inline": {"sshq-node": document},
        },
    )


def _agent(names: Names) -> list[Resource]:
    """The SSM agent in the bucket, unless the stack wants images to bring their own."""
    if not names.agent_version:
        return []
    spec = {"version": names.agent_version}
    return [Resource(kind=Kind.AGENT, name="ssm-agent", why="setup.why.agent", spec=spec)]
