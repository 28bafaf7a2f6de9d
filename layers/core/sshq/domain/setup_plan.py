"""Setup as data: what should be, what is, and the ordered list of changes between the two."""

from __future__ import annotations

import hashlib
import json
import shlex
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from sshq.domain import policies, quickstart
from sshq.domain.desired_state import Kind, Names, Resource, desired
from sshq.domain.model import Model, Record


class Actual(Model):
    """What the account has: the spec by `Resource.key`, absent where nothing is there.

    `ours` are the keys of what bears this stack's tag.
    """

    account: str
    region: str
    specs: dict[str, dict[str, Any]]
    ours: frozenset[str] = frozenset()


class Leftovers(Model):
    """What stands in the way of taking everything down."""

    bucket_has_outputs: bool = False
    foreign_nodes: bool = False


class Memory(Record):
    """What the account itself can't tell: what sshq made, and how things were before.

    `made` is written before the call that makes it, so a crash forgets nothing.
    """

    made: dict[str, datetime] = Field(default_factory=dict)
    settings_before: dict[str, str] = Field(default_factory=dict)
    quickstart: bool = False


class Action(StrEnum):
    """What a change does."""

    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"


class Change(Model):
    """One change: to `resource.spec`, from `was`. `narrows` has what goes, and why: ARN → key."""

    action: Action
    resource: Resource
    was: dict[str, Any] | None = None
    narrows: dict[str, str] = Field(default_factory=dict)


class Note(Model):
    """Something that is told and not changed: a key of the catalogue, and its facts."""

    resource: str
    why: str
    facts: dict[str, str] = Field(default_factory=dict)


class ByHand(Model):
    """What sshq has no right to do: an administrator may paste this."""

    resource: str
    why: str
    command: str


class Plan(Record):
    """The changes in the order in which they are made. The digest is its identity.

    `blocked` says why nothing can be done yet; such a plan can't be confirmed.
    """

    account: str
    region: str
    changes: tuple[Change, ...]
    same: int
    left: tuple[Note, ...] = ()
    by_hand: tuple[ByHand, ...] = ()
    blocked: tuple[Note, ...] = ()
    quickstart: bool = False
    teardown: bool = False

    @property
    def digest(self) -> str:
        """Two plans with one digest change the same things from the same state."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()

    def continues(self, begun: Plan) -> bool:
        """Whether this is what is left of a plan that was begun: the same end, nothing else."""
        aims = [(change.action is Action.DELETE, change.resource) for change in begun.changes]
        return self.quickstart == begun.quickstart and all(
            (change.action is Action.DELETE, change.resource) in aims for change in self.changes
        )


def plan(names: Names, actual: Actual, *, quickstart: bool = False) -> Plan:
    """The changes that lead from `actual` to what is desired; what is right is counted only."""
    changes, left, by_hand, blocked = [], [], [], []
    wanted = desired(names, quickstart=quickstart)
    for resource in wanted:
        was = actual.specs.get(resource.key)
        if was is None:
            changes.append(Change(action=Action.CREATE, resource=resource))
            continue
        if resource.kind is Kind.ROLE and _is_foreign(resource, was, names, actual):
            blocked.append(_not_ours(resource, names))
            continue
        change = _change(resource, was, names)
        if change.resource.spec != was:
            changes.append(change)
        left += _others(resource, change)
        by_hand += _trust_by_hand(resource, was)
    return Plan(
        account=actual.account,
        region=actual.region,
        changes=tuple(changes),
        same=len(wanted) - len(changes) - len(blocked),
        left=tuple(left),
        by_hand=tuple(by_hand),
        blocked=tuple(blocked),
        quickstart=quickstart,
    )


def teardown(names: Names, actual: Actual, memory: Memory, leftovers: Leftovers) -> Plan:
    """Delete what sshq made and put the tier back; in the reverse order of setup."""
    changes, left = [], []
    for resource in reversed(desired(names, quickstart=memory.quickstart)):
        was = actual.specs.get(resource.key)
        if was is None or resource.kind is Kind.AGENT:
            # The agent lies in the bucket and goes with it.
            continue
        if resource.kind is Kind.SETTING:
            if was["value"] != resource.spec["value"]:
                continue
            if resource.name not in memory.settings_before:
                left.append(Note(resource=resource.key, why="teardown.left.not-changed"))
            elif leftovers.foreign_nodes:
                left.append(Note(resource=resource.key, why="teardown.left.foreign-nodes"))
            else:
                changes.append(Change(action=Action.DELETE, resource=resource, was=was))
        elif resource.key not in memory.made:
            left.append(Note(resource=resource.key, why="teardown.left.not-made"))
        elif resource.kind is Kind.BUCKET and leftovers.bucket_has_outputs:
            left.append(Note(resource=resource.key, why="teardown.left.outputs"))
        elif resource.kind is Kind.GROUP and _foreign_attached(was, names):
            left.append(Note(resource=resource.key, why="teardown.left.group"))
        else:
            changes.append(Change(action=Action.DELETE, resource=resource, was=was))
    return Plan(
        account=actual.account,
        region=actual.region,
        changes=tuple(changes),
        same=0,
        left=tuple(left),
        teardown=True,
    )


def _change(resource: Resource, was: dict[str, Any], names: Names) -> Change:
    """To what is desired, beside what others added; the quick-start script's own grants go."""
    broad = quickstart.too_broad(resource, was, names)
    narrows = {arn: why for arn, why in broad.items() if arn not in resource.spec["attached"]}
    spec = _keeping_what_others_added(resource.spec, was, set(narrows))
    target = resource.model_copy(update={"spec": spec})
    return Change(action=Action.CHANGE, resource=target, was=was, narrows=narrows)


def _keeping_what_others_added(
    wanted: dict[str, Any], was: dict[str, Any], dropped: set[str]
) -> dict[str, Any]:
    spec = dict(wanted)
    if "attached" in spec:
        spec["attached"] = sorted({*spec["attached"], *was["attached"]} - dropped)
    if "inline" in spec:
        spec["inline"] = {**was["inline"], **spec["inline"]}
    if "trust" in spec:
        # Changing who may assume a role is no right of sshq's: see _trust_by_hand.
        spec["trust"] = was["trust"]
    if "lifecycle" in spec:
        ours = {rule["ID"] for rule in spec["lifecycle"]}
        theirs = [rule for rule in was["lifecycle"] if rule.get("ID") not in ours]
        spec["lifecycle"] = [*theirs, *spec["lifecycle"]]
        spec["policy"] = merged(was["policy"], spec["policy"])
        if was["encryption"].startswith("aws:kms"):
            spec["encryption"] = was["encryption"]
    return spec


def merged(was: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The existing statements in their order, with ours in place of those that bear our Sid."""
    ours = {statement["Sid"]: statement for statement in wanted["Statement"]}
    existing = quickstart.statements_of(was)
    statements = [ours.get(statement.get("Sid"), statement) for statement in existing]
    present = {statement.get("Sid") for statement in existing}
    added = [statement for sid, statement in ours.items() if sid not in present]
    return {"Version": was.get("Version", policies.VERSION), "Statement": statements + added}


def _is_foreign(resource: Resource, was: dict[str, Any], names: Names, actual: Actual) -> bool:
    """A role of this name that neither sshq nor the quick-start script made."""
    is_ours = was["boundary"] == names.boundary_arn or resource.key in actual.ours
    return not is_ours and not quickstart.is_its_role(was, names)


def _not_ours(resource: Resource, names: Names) -> Note:
    command = (
        f"aws iam tag-role --role-name {shlex.quote(resource.name)}"
        f" --tags Key=sshq:stack,Value={names.stack}"
    )
    return Note(resource=resource.key, why="setup.blocked.role", facts={"command": command})


def _others(resource: Resource, change: Change) -> list[Note]:
    """What a role or a group keeps though sshq didn't put it there: an admin should know."""
    spec = change.resource.spec
    found = [arn for arn in spec.get("attached", []) if arn not in resource.spec["attached"]]
    found += [name for name in spec.get("inline", {}) if name not in resource.spec["inline"]]
    why = "setup.left.role" if resource.kind is Kind.ROLE else "setup.left.group"
    return [Note(resource=resource.key, why=why, facts={"policy": name}) for name in found]


def _trust_by_hand(resource: Resource, was: dict[str, Any]) -> list[ByHand]:
    """IAM can't tie UpdateAssumeRolePolicy to a boundary: with it, a bot could open a strong role.

    So an existing role's trust is an administrator's to change; here is the whole of it, with the
    statements of others as they are.
    """
    if resource.kind is not Kind.ROLE:
        return []
    sids = {statement["Sid"] for statement in resource.spec["trust"]["Statement"]}
    kept = [
        statement
        for statement in quickstart.statements_of(was["trust"])
        if statement.get("Sid") in sids or not quickstart.is_its_trust(statement)
    ]
    wanted = merged(was["trust"] | {"Statement": kept}, resource.spec["trust"])
    if wanted == was["trust"] | {"Statement": quickstart.statements_of(was["trust"])}:
        return []
    command = (
        f"aws iam update-assume-role-policy --role-name {shlex.quote(resource.name)}"
        f" --policy-document {shlex.quote(json.dumps(wanted))}"
    )
    return [ByHand(resource=resource.key, why="setup.by-hand.trust", command=command)]


def _foreign_attached(was: dict[str, Any], names: Names) -> bool:
    known = {names.client_policy_arn, *quickstart.grants(names)}
    return any(arn not in known for arn in was["attached"])
