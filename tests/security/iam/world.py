"""IAM's side of an account, small enough to be gone through: roles, groups, users, who may what.

The calls are those by which somebody could gain rights. A call takes effect only if the evaluator
allows it to the caller; what it then does is what IAM does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.security.iam.evaluator import Request, is_allowed
from tests.security.iam.rendered import ACCOUNT, names, policy, role_policies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Document = dict[str, Any]
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
DENY_IAM = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": ["iam:*", "ec2:*"], "Resource": "*"}],
}
NAMES = names()
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
SEED_JOB = NAMES.policy_arn(NAMES.job_policy)
SEED_SERVER = NAMES.policy_arn("SSHSageMakerServerPolicy")
DENYING = NAMES.policy_arn("NobodyMayTouchIam")
EVIL = NAMES.policy_arn("evil")
OPEN_TRUST = "anyone"
OWN_TRUST = "as it was"
PROVISIONER = f"arn:aws:iam::{ACCOUNT}:role/provisioner"


@dataclass(frozen=True)
class Role:
    """A role; `trust` says only whether it was opened."""

    boundary: str = ""
    attached: frozenset[str] = frozenset()
    inline: frozenset[tuple[str, str]] = frozenset()
    trust: str = OWN_TRUST


@dataclass(frozen=True)
class Group:
    attached: frozenset[str] = frozenset()
    inline: frozenset[tuple[str, str]] = frozenset()
    members: frozenset[str] = frozenset()


@dataclass(frozen=True)
class User:
    attached: frozenset[str] = frozenset()
    inline: frozenset[tuple[str, str]] = frozenset()
    keys: bool = False


@dataclass(frozen=True)
class World:
    """The state. Documents are kept as text, so that a world can be compared and hashed."""

    roles: dict[str, Role]
    groups: dict[str, Group]
    users: dict[str, User]
    policies: dict[str, str]

    def identity_of_role(self, name: str) -> tuple[str, ...]:
        role = self.roles[name]
        return _documents(self, role.attached, role.inline)

    def identity_of_user(self, name: str) -> tuple[str, ...]:
        user = self.users[name]
        found = _documents(self, user.attached, user.inline)
        for group in self.groups.values():
            if name in group.members:
                found += _documents(self, group.attached, group.inline)
        return tuple(sorted(found))


def _documents(
    world: World, attached: frozenset[str], inline: frozenset[tuple[str, str]]
) -> tuple[str, ...]:
    found = [world.policies[arn] for arn in attached if arn in world.policies]
    return tuple(sorted([*found, *(document for _, document in inline)]))


@dataclass(frozen=True)
class Call:
    """An IAM call: its action, whom it is about, and its one argument."""

    action: str
    name: str
    argument: str = ""


def may(world: World, call: Call) -> bool:
    """Whether the provisioner's role allows it, as the world stands."""
    kind, _, name = call.name.partition("/")
    boundary = ""
    if kind == "role":
        boundary = world.roles[name].boundary if name in world.roles else ""
        if call.action in {"iam:CreateRole", "iam:PutRolePermissionsBoundary"}:
            boundary = call.argument
    return _provisioner_may(call, boundary)


@cache
def _provisioner_may(call: Call, boundary: str) -> bool:
    context: dict[str, Any] = {"aws:RequestTag/sshq:stack": NAMES.stack}
    if boundary:
        context["iam:PermissionsBoundary"] = boundary
    if "Attach" in call.action or "Detach" in call.action:
        context["iam:PolicyARN"] = call.argument
    if call.action == "iam:PassRole":
        context["iam:PassedToService"] = call.argument
    resource = call.name if call.name.startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:{call.name}"
    request = Request(call.action, resource, context)
    return is_allowed(request, role_policies("IamProvisionerRole"))


def after(world: World, call: Call) -> World:
    """What the call does. What IAM would refuse for the state's sake changes nothing."""
    kind, _, name = call.name.partition("/")
    match kind:
        case "role":
            changed = _role_after(world, name, call)
            roles = {k: v for k, v in world.roles.items() if k != name}
            return replace(world, roles=roles | ({name: changed} if changed else {}))
        case "group":
            group = _group_after(world, name, call)
            groups = {k: v for k, v in world.groups.items() if k != name}
            return replace(world, groups=groups | ({name: group} if group else {}))
        case "user":
            if name not in world.users:
                return world
            user = _user_after(world.users[name], call)
            return replace(world, users=world.users | {name: user})
        case _:
            if call.action in {"iam:CreatePolicy", "iam:CreatePolicyVersion"}:
                return replace(world, policies=world.policies | {call.name: call.argument})
            return world


def _role_after(world: World, name: str, call: Call) -> Role | None:  # noqa: PLR0911  one per call
    role = world.roles.get(name)
    if call.action == "iam:CreateRole":
        return role or Role(boundary=call.argument, trust=OPEN_TRUST)
    if role is None:
        return None
    match call.action:
        case "iam:DeleteRole":
            return role if role.attached or role.inline else None
        case "iam:UpdateAssumeRolePolicy":
            return replace(role, trust=OPEN_TRUST)
        case "iam:PutRolePermissionsBoundary":
            return replace(role, boundary=call.argument)
        case "iam:DeleteRolePermissionsBoundary":
            return replace(role, boundary="")
        case "iam:AttachRolePolicy":
            return replace(role, attached=role.attached | {call.argument})
        case "iam:DetachRolePolicy":
            return replace(role, attached=role.attached - {call.argument})
        case "iam:PutRolePolicy":
            return replace(role, inline=role.inline | {("written", call.argument)})
        case "iam:DeleteRolePolicy":
            return replace(role, inline=frozenset())
        case _:
            return role


def _group_after(world: World, name: str, call: Call) -> Group | None:  # noqa: PLR0911
    group = world.groups.get(name)
    if call.action == "iam:CreateGroup":
        return group or Group()
    if group is None:
        return None
    match call.action:
        case "iam:DeleteGroup":
            return group if group.attached or group.inline or group.members else None
        case "iam:AttachGroupPolicy":
            return replace(group, attached=group.attached | {call.argument})
        case "iam:DetachGroupPolicy":
            return replace(group, attached=group.attached - {call.argument})
        case "iam:PutGroupPolicy":
            return replace(group, inline=group.inline | {("written", call.argument)})
        case "iam:DeleteGroupPolicy":
            return replace(group, inline=frozenset())
        case "iam:AddUserToGroup":
            return replace(group, members=group.members | {call.argument})
        case "iam:RemoveUserFromGroup":
            return replace(group, members=group.members - {call.argument})
        case _:
            return group


def _user_after(user: User, call: Call) -> User:
    match call.action:
        case "iam:AttachUserPolicy":
            return replace(user, attached=user.attached | {call.argument})
        case "iam:DetachUserPolicy":
            return replace(user, attached=user.attached - {call.argument})
        case "iam:PutUserPolicy":
            return replace(user, inline=user.inline | {("written", call.argument)})
        case "iam:CreateAccessKey":
            return replace(user, keys=True)
        case _:
            return user


_ARNS = (
    NAMES.client_policy_arn, NAMES.boundary_arn, NAMES.full_access_arn, SEED_JOB, SEED_SERVER,
    ADMINISTRATOR, DENYING, EVIL,
)  # fmt: skip
_TEXTS = (json.dumps(ALL), json.dumps(DENY_IAM))
_USERS = ("alice", "mallory")


def calls() -> Iterator[Call]:
    """Every call worth trying, on sshq's own names and on others', with good and evil arguments."""
    for role in (NAMES.job_role, NAMES.node_role, "Admin", "provisioner"):
        yield from _calls_on_role(f"role/{role}")
    for group in (NAMES.group, "Admins"):
        yield from _calls_on_group(f"group/{group}")
    for user in _USERS:
        yield from _each(f"user/{user}", ("AttachUserPolicy", "DetachUserPolicy"), _ARNS)
        yield from _each(f"user/{user}", ("PutUserPolicy",), _TEXTS)
        yield from _each(f"user/{user}", ("CreateUser", "CreateAccessKey", "CreateLoginProfile"))
    for arn in _ARNS:
        yield from _each(
            arn, ("CreatePolicy", "CreatePolicyVersion", "SetDefaultPolicyVersion"), _TEXTS
        )
        yield from _each(arn, ("DeletePolicy",))


def _calls_on_role(name: str) -> Iterator[Call]:
    boundaries = (NAMES.boundary_arn, ADMINISTRATOR, EVIL, "")
    services = ("sagemaker.amazonaws.com", "ssm.amazonaws.com", "lambda.amazonaws.com")
    yield from _each(name, ("CreateRole", "PutRolePermissionsBoundary"), boundaries)
    yield from _each(name, ("AttachRolePolicy", "DetachRolePolicy"), _ARNS)
    yield from _each(name, ("PutRolePolicy",), _TEXTS)
    yield from _each(name, ("PassRole",), services)
    yield from _each(name, ("DeleteRolePolicy", "DeleteRole", "UpdateAssumeRolePolicy", "TagRole"))
    yield from _each(name, ("DeleteRolePermissionsBoundary",))
    yield Call("sts:AssumeRole", name)


def _calls_on_group(name: str) -> Iterator[Call]:
    yield from _each(name, ("AttachGroupPolicy", "DetachGroupPolicy"), _ARNS)
    yield from _each(name, ("PutGroupPolicy",), _TEXTS)
    yield from _each(name, ("AddUserToGroup", "RemoveUserFromGroup"), _USERS)
    yield from _each(name, ("CreateGroup", "DeleteGroup", "DeleteGroupPolicy"))


def _each(name: str, actions: Iterable[str], arguments: Iterable[str] = ("",)) -> Iterator[Call]:
    for action in actions:
        for argument in arguments:
            yield Call(f"iam:{action}", name, argument)


def fresh() -> World:
    """An account with nothing but the stack, a strong role, and two users."""
    return World(
        roles={"Admin": Role(attached=frozenset({ADMINISTRATOR}))},
        groups={"Admins": Group(attached=frozenset({ADMINISTRATOR}))},
        users={"alice": User(), "mallory": User()},
        policies={
            NAMES.boundary_arn: json.dumps(policy("Boundary")),
            NAMES.client_policy_arn: json.dumps(policy("ClientPolicy")),
            NAMES.full_access_arn: json.dumps(ALL),
            ADMINISTRATOR: json.dumps(ALL),
            DENYING: json.dumps(DENY_IAM),
        },
    )


def quick_started() -> World:
    """The quick-start's role and group, whose policies people hold as well; alice is in it."""
    world = fresh()
    attached = frozenset({NAMES.full_access_arn, SEED_JOB})
    wide = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    return replace(
        world,
        roles=world.roles | {NAMES.job_role: Role(attached=attached | {SEED_SERVER})},
        groups=world.groups | {NAMES.group: Group(attached, members=frozenset({"alice"}))},
        policies=world.policies
        | {
            SEED_JOB: json.dumps({"Statement": [wide]}),
            SEED_SERVER: json.dumps({"Statement": [wide | {"Action": "ssm:*"}]}),
        },
    )


def hostile() -> World:
    """Strong roles and a strong group under sshq's names, held down by denials alone."""
    world = fresh()
    strong = frozenset({ADMINISTRATOR, DENYING})
    denial = frozenset({("theirs", json.dumps(DENY_IAM))})
    return replace(
        world,
        roles=world.roles
        | {
            NAMES.job_role: Role(attached=strong),
            NAMES.node_role: Role(attached=frozenset({ADMINISTRATOR}), inline=denial),
        },
        groups=world.groups | {NAMES.group: Group(strong, members=frozenset({"alice"}))},
    )
