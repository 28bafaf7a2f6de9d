"""What an install of the quick-start script looks like, and which of its grants are too broad."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sshq.domain.desired_state import Kind

if TYPE_CHECKING:
    from sshq.domain.desired_state import Names, Resource

SERVER_POLICY = "SSHSageMakerServerPolicy"
CLIENT_POLICY = "SSHSageMakerClientPolicy"
_SERVICES = {"sagemaker.amazonaws.com", "ssm.amazonaws.com"}


def grants(names: Names) -> dict[str, str]:
    """ARN → why it is too broad (a key of the catalogue), of the policies that the script attaches."""
    found = {
        names.full_access_arn: "setup.broad.full-access",
        names.policy_arn(names.job_policy): "setup.broad.job",
        names.policy_arn(SERVER_POLICY): "setup.broad.server",
        names.policy_arn(CLIENT_POLICY): "setup.broad.client",
    }
    return {arn: why for arn, why in found.items() if arn != names.client_policy_arn}


def too_broad(resource: Resource, was: dict[str, Any], names: Names) -> dict[str, str]:
    """The script's policies that are attached to this role or group, each with what it opens."""
    if resource.kind not in {Kind.ROLE, Kind.GROUP}:
        return {}
    return {arn: why for arn, why in grants(names).items() if arn in was.get("attached", [])}


def is_its_role(was: dict[str, Any], names: Names) -> bool:
    """Whether a role that isn't sshq's is the script's: SageMaker may assume it, and it has its policies."""
    trusted = any(
        "sagemaker.amazonaws.com" in services_of(statement)
        for statement in statements_of(was["trust"])
    )
    return trusted and any(arn in was["attached"] for arn in grants(names))


def is_its_trust(statement: dict[str, Any]) -> bool:
    """The script's own trust statement: SageMaker or SSM, for whichever account asks."""
    return (
        statement.get("Effect") == "Allow"
        and set(statement) <= {"Sid", "Effect", "Principal", "Action"}
        and set(statement.get("Principal", {})) == {"Service"}
        and services_of(statement) <= _SERVICES
    )


def statements_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """IAM lets one statement stand for a list of one."""
    found = document.get("Statement", [])
    return found if isinstance(found, list) else [found]


def services_of(statement: dict[str, Any]) -> set[str]:
    """The services that a trust statement names."""
    principal = statement.get("Principal", {})
    named = principal.get("Service", []) if isinstance(principal, dict) else []
    return set(named) if isinstance(named, list) else {named}
