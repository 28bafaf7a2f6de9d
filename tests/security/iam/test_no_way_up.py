"""The provisioner can write IAM and can't become an administrator by it, nor make anyone one.

Threat 10: no sequence of calls that its role allows gives any principal more than the boundary, or
for people than the client policy and what the account's own group gave before.
"""

from __future__ import annotations

import json
import random
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.security.iam.counting import COUNTS
from tests.security.iam.evaluator import Request, is_allowed
from tests.security.iam.rendered import ACCOUNT, REGION, policy, role_policies
from tests.security.iam.world import (
    ALL,
    NAMES,
    OPEN_TRUST,
    PROVISIONER,
    Call,
    World,
    after,
    calls,
    fresh,
    hostile,
    may,
    quick_started,
)

if TYPE_CHECKING:
    from collections.abc import Callable

CALLS = tuple(calls())
NODE = f"arn:aws:ssm:{REGION}:{ACCOUNT}:managed-instance/mi-0123456789abcdef0"
OURS = {"ssm:resourceTag/sshq:stack": "sshq", "ssm:SessionDocumentAccessCheck": "true"}
# What somebody who wants more would try first; some of it within reach, some far outside.
PROBES = (
    Request("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/mallory"),
    Request("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/Admin"),
    Request("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/Admin"),
    Request("ec2:RunInstances", "*"),
    Request("lambda:UpdateFunctionCode", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:x"),
    Request("kms:Sign", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/SshCaKey"),
    Request("dynamodb:PutItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/Table"),
    Request("ssm:CreateActivation", "*"),
    Request("ssm:AddTagsToResource", NODE),
    Request("ssm:StartSession", NODE, OURS | {"aws:userid": "AIDAX"}),
    Request("ssm:SendCommand", NODE, OURS),
    Request("sagemaker:CreateTrainingJob", "*"),
    Request("s3:PutObject", f"arn:aws:s3:::{NAMES.bucket}/jobs/x/job.json"),
    Request("s3:ListBucket", f"arn:aws:s3:::{NAMES.bucket}", {"s3:prefix": "jobs/"}),
    Request("s3:GetObject", "arn:aws:s3:::data/x"),
    Request("logs:PutLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker/x"),
)


@cache
def rights(documents: tuple[str, ...], boundary: str | None) -> frozenset[int]:
    """Which of the probes these policies allow."""
    identity = [json.loads(text) for text in documents]
    bound = json.loads(boundary) if boundary is not None else None
    return frozenset(n for n, probe in enumerate(PROBES) if is_allowed(probe, identity, bound))


def of_role(world: World, name: str) -> frozenset[int]:
    role = world.roles[name]
    bound = world.policies.get(role.boundary) if role.boundary else None
    if role.boundary and bound is None:
        bound = json.dumps({"Statement": []})
    return rights(world.identity_of_role(name), bound)


def of_user(world: World, name: str) -> frozenset[int]:
    return rights(world.identity_of_user(name), None)


BOUNDARY = rights((json.dumps(ALL),), json.dumps(policy("Boundary")))
CLIENT = rights((json.dumps(policy("ClientPolicy")),), None)


def nobody_gained(start: World, world: World) -> None:
    """What each principal can do now, against what it may ever be able to."""
    for name, role in world.roles.items():
        have = of_role(world, name)
        had = of_role(start, name) if name in start.roles else frozenset()
        assert have <= had | BOUNDARY, name
        if not have <= BOUNDARY:
            # Stronger than the boundary as it was found: then nobody new may take it on.
            assert role.trust != OPEN_TRUST, name
    for name in world.users:
        group = start.groups.get(NAMES.group)
        held = (
            rights(tuple(start.policies[arn] for arn in group.attached), None) if group else set()
        )
        assert of_user(world, name) <= of_user(start, name) | CLIENT | held, name
        assert world.users[name] == start.users[name]
    assert world.groups["Admins"] == start.groups["Admins"]
    assert world.policies == start.policies


@pytest.mark.parametrize("start", [fresh, quick_started, hostile])
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_sequence_of_allowed_calls_gives_anyone_more(
    start: Callable[[], World], data: st.DataObject
) -> None:
    begun = world = start()
    COUNTS["sequences of IAM calls"] += 1
    for _ in range(data.draw(st.integers(5, 25))):
        COUNTS["calls that were judged"] += len(CALLS)
        allowed = [call for call in CALLS if may(world, call)]
        world = after(world, data.draw(st.sampled_from(allowed)))
        COUNTS["calls that were allowed and made"] += 1
        nobody_gained(begun, world)


@pytest.mark.parametrize("start", [fresh, quick_started, hostile])
def test_the_walk_gets_somewhere(start: Callable[[], World]) -> None:
    """A proof about a role that may do nothing would be easy: setup's own calls are allowed."""
    world = start()
    for call in (
        Call("iam:CreateRole", f"role/{NAMES.node_role}", NAMES.boundary_arn),
        Call("iam:PutRolePermissionsBoundary", f"role/{NAMES.job_role}", NAMES.boundary_arn),
        Call("iam:CreateGroup", f"group/{NAMES.group}"),
        Call("iam:AttachGroupPolicy", f"group/{NAMES.group}", NAMES.client_policy_arn),
        Call("iam:AddUserToGroup", f"group/{NAMES.group}", "mallory"),
    ):
        assert may(world, call), call
        world = after(world, call)

    put = Call("iam:PutRolePolicy", f"role/{NAMES.node_role}", json.dumps(ALL))
    assert may(world, put) is (world.roles[NAMES.node_role].boundary == NAMES.boundary_arn)
    assert "mallory" in world.groups[NAMES.group].members


MUTATIONS: dict[str, dict[str, Any]] = {
    "trust of an adopted role": {
        "Action": "iam:UpdateAssumeRolePolicy", "Resource": f"arn:aws:iam::{ACCOUNT}:role/{NAMES.job_role}",
    },
    "taking the boundary away": {
        "Action": ["iam:DeleteRolePermissionsBoundary"], "Resource": f"arn:aws:iam::{ACCOUNT}:role/*",
    },
    "writing a policy that people hold": {
        "Action": "iam:CreatePolicyVersion", "Resource": NAMES.policy_arn(NAMES.job_policy),
    },
    "any policy to the group": {
        "Action": "iam:AttachGroupPolicy", "Resource": f"arn:aws:iam::{ACCOUNT}:group/{NAMES.group}",
    },
    "taking denials from the group": {
        "Action": "iam:DetachGroupPolicy", "Resource": f"arn:aws:iam::{ACCOUNT}:group/{NAMES.group}",
    },
    "taking denials from an unbounded role": {
        "Action": "iam:DetachRolePolicy", "Resource": f"arn:aws:iam::{ACCOUNT}:role/{NAMES.job_role}",
    },
    "any group": {"Action": "iam:AddUserToGroup", "Resource": "*"},
}  # fmt: skip


@pytest.mark.parametrize("what", MUTATIONS)
def test_the_proof_would_notice(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each right that was left out on purpose, put back: the walk finds the way up."""
    extra = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **MUTATIONS[what]}]}
    weaker = (*role_policies("IamProvisionerRole"), extra)
    monkeypatch.setattr("tests.security.iam.world.role_policies", lambda _: weaker)
    monkeypatch.setattr("tests.security.iam.world._provisioner_may", _uncached())

    assert any(_way_up(start()) for start in (fresh, quick_started, hostile))


def _uncached() -> Any:
    from tests.security.iam import world

    return cache(world._provisioner_may.__wrapped__)


def _way_up(start: World) -> bool:
    """Whether walks like the proof's break what must hold."""
    chance = random.Random(7)  # noqa: S311  a walk, no secret
    for _ in range(100):
        world = start
        for _ in range(25):
            world = after(world, chance.choice([call for call in CALLS if may(world, call)]))
            try:
                nobody_gained(start, world)
            except AssertionError:
                return True
    return False


def test_the_provisioner_cant_take_on_the_roles_that_it_makes_nor_change_itself() -> None:
    for call in CALLS:
        if call.name in {"role/provisioner", "role/Admin"} or call.action in {
            "sts:AssumeRole",
            "iam:PassRole",
        }:
            assert not may(fresh(), call), call
    assert PROVISIONER not in json.dumps(role_policies("IamProvisionerRole"))
