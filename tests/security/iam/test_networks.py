"""A job's role makes network interfaces in the stack's own networks, and only if there are any."""

from __future__ import annotations

from typing import Any

import pytest

from sshq.domain.desired_state import Kind, desired
from tests.security.iam.evaluator import Request, is_allowed
from tests.security.iam.rendered import ACCOUNT, REGION, names, policy
from tests.security.template import template

EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
INTERFACE = f"{EC2}:network-interface/eni-1"
OURS = {"ec2:Subnet": f"{EC2}:subnet/subnet-1a"}
OTHERS = {"ec2:Subnet": f"{EC2}:subnet/subnet-1b"}
NEEDED = [
    Request("ec2:CreateNetworkInterface", INTERFACE),
    Request("ec2:CreateNetworkInterface", f"{EC2}:subnet/subnet-1a"),
    Request("ec2:CreateNetworkInterface", f"{EC2}:subnet/subnet-2b"),
    Request("ec2:CreateNetworkInterface", f"{EC2}:security-group/sg-3c"),
    Request("ec2:CreateNetworkInterfacePermission", INTERFACE, OURS),
    Request("ec2:DeleteNetworkInterface", INTERFACE, OURS),
    Request("ec2:DeleteNetworkInterfacePermission", "*"),
    Request("ec2:DescribeDhcpOptions", "*"),
    Request("ec2:DescribeNetworkInterfaces", "*"),
    Request("ec2:DescribeSecurityGroups", "*"),
    Request("ec2:DescribeSubnets", "*"),
    Request("ec2:DescribeVpcs", "*"),
]
TOO_MUCH = [
    Request("ec2:CreateNetworkInterface", f"{EC2}:subnet/subnet-1b"),
    Request("ec2:CreateNetworkInterface", f"{EC2}:security-group/sg-3d"),
    Request("ec2:CreateNetworkInterfacePermission", INTERFACE, OTHERS),
    Request("ec2:DeleteNetworkInterface", INTERFACE, OTHERS),
    Request("ec2:RunInstances", "*"),
    Request("ec2:AttachNetworkInterface", INTERFACE, OURS),
]


def job_role(vpcs: str) -> list[Any]:
    where = names().model_copy(update={"vpcs": vpcs})
    (role,) = [r for r in desired(where) if r.kind is Kind.ROLE and r.name == names().job_role]
    return list(role.spec["inline"].values())


def may(request: Request, vpcs: str) -> bool:
    return is_allowed(request, job_role(vpcs), policy("Boundary"))


@pytest.mark.parametrize("request_", NEEDED, ids=str)
def test_what_a_vpc_takes_is_allowed_only_where_there_is_one(request_: Request) -> None:
    assert may(request_, "lab=subnet-1a/sg-3c;other=subnet-2b/sg-4d")
    assert not may(request_, "")


@pytest.mark.parametrize("request_", TOO_MUCH, ids=str)
def test_nothing_is_allowed_outside_the_stacks_networks(request_: Request) -> None:
    assert not may(request_, "lab=subnet-1a,subnet-2b/sg-3c")


def test_the_boundary_has_network_rights_only_under_the_condition() -> None:
    document = template()["Resources"]["Boundary"]["Properties"]["PolicyDocument"]
    conditional = [entry["Fn::If"] for entry in document["Statement"] if "Fn::If" in entry]
    always = [entry for entry in document["Statement"] if "Fn::If" not in entry]

    assert [(c, b["Sid"], no) for c, b, no in conditional] == [
        ("HasVpcs", "UseInterfaces", "${AWS::NoValue}"),
        ("HasVpcs", "LookAtNetworks", "${AWS::NoValue}"),
    ]
    assert "ec2:" not in str(always).replace("ec2messages:", "")
