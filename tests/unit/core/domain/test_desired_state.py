"""What setup wants where the stack asks for more than the least."""

from __future__ import annotations

from sshq.domain.desired_state import Kind, Names, desired
from tests.core_services import SETTINGS

NAMES = SETTINGS.names


def of_kind(names: Names, kind: Kind) -> list[str]:
    return [resource.name for resource in desired(names) if resource.kind is kind]


def test_an_agent_is_mirrored_only_where_the_stack_names_its_version() -> None:
    named = NAMES.model_copy(update={"agent_version": "3.3.1.0"})

    assert of_kind(NAMES, Kind.AGENT) == []
    assert of_kind(named, Kind.AGENT) == ["ssm-agent"]


def test_jobs_may_join_the_stacks_networks_and_no_others() -> None:
    in_vpc = NAMES.model_copy(update={"vpcs": "lab=subnet-1,subnet-2/sg-3;b=subnet-4/sg-5"})
    (role,) = [r for r in desired(in_vpc) if r.name == NAMES.job_role]
    statements = role.spec["inline"][NAMES.job_policy]["Statement"]
    (make,) = [s for s in statements if s["Action"] == ["ec2:CreateNetworkInterface"]]

    assert {arn.rpartition("/")[2] for arn in make["Resource"]} == {
        "*", "subnet-1", "subnet-2", "subnet-4", "sg-3", "sg-5",
    }  # fmt: skip
    (plain,) = [r for r in desired(NAMES) if r.name == NAMES.job_role]
    assert "ec2:" not in str(plain.spec)
