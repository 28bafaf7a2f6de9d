"""Setup as data: what should be, what is, and the ordered list of changes between the two."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Any

from sshq.domain import policies
from sshq.domain.model import Model, Record

ACTIVATION_TIER = "/ssm/managed-instance/activation-tier"


class Kind(StrEnum):
    """What a resource is."""

    ROLE = "role"
    POLICY = "policy"
    GROUP = "group"
    SETTING = "setting"
    DOCUMENT = "document"
    BUCKET = "bucket"
    AGENT = "agent"


class Resource(Model):
    """One thing that should exist. `spec` is what sshq cares about of it, as JSON data.

    role: trust, boundary, attached (ARNs), inline (name → document) · policy: document ·
    group: attached · setting: value · document: type, content · bucket: policy · agent: version.
    `why` is a key of the catalogue.
    """

    kind: Kind
    name: str
    why: str
    spec: dict[str, Any]

    @property
    def key(self) -> str:
        return f"{self.kind.value}:{self.name}"


class Actual(Model):
    """What the account has: the spec by `Resource.key`, absent where nothing is there."""

    account: str
    region: str
    specs: dict[str, dict[str, Any]]


class Action(StrEnum):
    """What a change does."""

    CREATE = "create"
    CHANGE = "change"


class Change(Model):
    """One change: to `resource.spec`, from `was`."""

    action: Action
    resource: Resource
    was: dict[str, Any] | None = None


class Plan(Record):
    """The changes in the order in which they are made. The digest is its identity."""

    account: str
    region: str
    changes: tuple[Change, ...]
    same: int

    @property
    def digest(self) -> str:
        """Two plans with one digest change the same things from the same state."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()


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


def desired(names: Names) -> list[Resource]:
    """All that setup makes, in the order of its dependencies."""
    where = {"partition": names.partition, "region": names.region, "account": names.account}
    job_policy_arn = f"arn:{names.partition}:iam::{names.account}:policy/{names.job_policy}"
    return [
        Resource(
            kind=Kind.BUCKET,
            name=names.bucket,
            why="setup.why.bucket",
            spec={"policy": policies.tls_only(partition=names.partition, bucket=names.bucket)},
        ),
        Resource(
            kind=Kind.POLICY,
            name=names.job_policy,
            why="setup.why.policy-job",
            spec={"document": policies.job_policy(**where, bucket=names.bucket)},
        ),
        Resource(
            kind=Kind.ROLE,
            name=names.job_role,
            why="setup.why.role-job",
            spec={
                "trust": policies.service_trust(
                    "sagemaker.amazonaws.com", names.account, "SshqJobs"
                ),
                "boundary": names.boundary_arn,
                "attached": [job_policy_arn],
                "inline": {},
            },
        ),
        Resource(
            kind=Kind.ROLE,
            name=names.node_role,
            why="setup.why.role-node",
            spec={
                "trust": policies.service_trust("ssm.amazonaws.com", names.account, "SshqNodes"),
                "boundary": names.boundary_arn,
                "attached": [],
                "inline": {"sshq-node": policies.node_policy(**where)},
            },
        ),
        Resource(
            kind=Kind.GROUP,
            name=names.group,
            why="setup.why.group",
            spec={"attached": [names.client_policy_arn]},
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


def _agent(names: Names) -> list[Resource]:
    """The SSM agent in the bucket, unless the stack wants images to bring their own."""
    if not names.agent_version:
        return []
    spec = {"version": names.agent_version}
    return [Resource(kind=Kind.AGENT, name="ssm-agent", why="setup.why.agent", spec=spec)]


def plan(wanted: list[Resource], actual: Actual) -> Plan:
    """The changes that lead from `actual` to `wanted`; what is right already is counted only."""
    changes = []
    for resource in wanted:
        was = actual.specs.get(resource.key)
        target = resource if was is None else _keeping_what_was(resource, was)
        if target.spec != was:
            action = Action.CREATE if was is None else Action.CHANGE
            changes.append(Change(action=action, resource=target, was=was))
    return Plan(
        account=actual.account,
        region=actual.region,
        changes=tuple(changes),
        same=len(wanted) - len(changes),
    )


def _keeping_what_was(resource: Resource, was: dict[str, Any]) -> Resource:
    """What others added to a role or group survives: trust statements, attached and inline policies."""
    spec = dict(resource.spec)
    if "attached" in spec:
        spec["attached"] = sorted({*spec["attached"], *was.get("attached", [])})
    if "inline" in spec:
        spec["inline"] = {**was.get("inline", {}), **spec["inline"]}
    if "trust" in spec:
        spec["trust"] = merged_trust(was["trust"], spec["trust"])
    return resource.model_copy(update={"spec": spec})


def merged_trust(was: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The existing statements in their order, with ours in place of those that bear our Sid."""
    ours = {statement["Sid"]: statement for statement in wanted["Statement"]}
    existing = was["Statement"] if isinstance(was["Statement"], list) else [was["Statement"]]
    statements = [ours.get(statement.get("Sid"), statement) for statement in existing]
    present = {statement.get("Sid") for statement in existing}
    added = [statement for sid, statement in ours.items() if sid not in present]
    return {"Version": was.get("Version", policies.VERSION), "Statement": statements + added}
