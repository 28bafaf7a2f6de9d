"""template.yaml's policies with everything filled in, as one deployment in eu-west-1 has them."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from sshq.domain.desired_state import Names
from tests.security.template import at_most, resources, template

ACCOUNT = "123456789012"
REGION = "eu-west-1"
STACK = "sshq"
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::StackName": STACK,
    "AWS::URLSuffix": "amazonaws.com",
}
_REFERENCE = re.compile(r"\$\{([A-Za-z0-9:.]+)\}")
# An ARN's last parts by type, for what has no name of its own in the template.
_ARNS = {
    "AWS::DynamoDB::Table": "dynamodb:{region}:{account}:table/{id}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{id}",
    "AWS::SecretsManager::Secret": "secretsmanager:{region}:{account}:secret:{id}",
    "AWS::KMS::Key": "kms:{region}:{account}:key/{id}",
    "AWS::Logs::LogGroup": "logs:{region}:{account}:log-group:{id}:*",
    "AWS::IAM::Role": "iam::{account}:role/{id}",
    "AWS::IAM::ManagedPolicy": "iam::{account}:policy/{id}",
    "AWS::Serverless::Function": "lambda:{region}:{account}:function:{id}",
}


def rendered(value: Any) -> Any:
    """Pseudo parameters, parameters' defaults and ARNs in place of references; IAM's variables stay."""
    if isinstance(value, dict):
        return {rendered(name): rendered(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [rendered(entry) for entry in value]
    return _REFERENCE.sub(_filled, value) if isinstance(value, str) else value


@cache
def role_policies(role: str) -> tuple[dict[str, Any], ...]:
    """All that a role of the template may do, by its own statements and the policies it shares."""
    properties = resources("AWS::IAM::Role")[role]["Properties"]
    shared = [name[2:-1] for name in properties.get("ManagedPolicyArns", [])]
    own = [policy["PolicyDocument"] for policy in properties["Policies"]]
    return tuple(rendered(document) for document in [*own, *map(_managed, shared)])


def policies_of(function: str) -> tuple[dict[str, Any], ...]:
    """All that a function may do."""
    role = resources("AWS::Serverless::Function")[function]["Properties"]["Role"]
    return role_policies(role.removeprefix("${").removesuffix(".Arn}"))


@cache
def policy(name: str) -> Any:
    """A managed policy of the template: Boundary, ClientPolicy."""
    return rendered(_managed(name))


def arn(logical: str) -> str:
    """The ARN of a resource of the template."""
    return str(rendered(f"${{{logical}.Arn}}"))


@cache
def names() -> Names:
    """Setup's names as this deployment gives them to the provisioner."""
    variables = template()["Globals"]["Function"]["Environment"]["Variables"]
    found = {
        field: rendered(variables[f"SSHQ_{field.upper()}"])
        for field in Names.model_fields
        if f"SSHQ_{field.upper()}" in variables
    }
    return Names.model_validate(found)


def _managed(name: str) -> Any:
    return at_most(resources("AWS::IAM::ManagedPolicy")[name]["Properties"]["PolicyDocument"])


def _filled(found: re.Match[str]) -> str:
    name, _, attribute = found[1].partition(".")
    if found[1] in _PSEUDO:
        return _PSEUDO[found[1]]
    if name in template()["Parameters"]:
        return str(template()["Parameters"][name].get("Default", f"a-{name}"))
    if name in template()["Resources"]:
        kind = template()["Resources"][name]["Type"]
        if attribute not in {"", "Arn"}:
            return f"{name}.{attribute}"
        by_ref = {"AWS::IAM::ManagedPolicy", "AWS::SecretsManager::Secret"}
        if attribute == "Arn" or kind in by_ref:
            tail = _ARNS[kind].format(region=REGION, account=ACCOUNT, id=_own_name(name))
            return f"arn:aws:{tail}"
        return _own_name(name)
    return found[0]


def _own_name(logical: str) -> str:
    properties = template()["Resources"][logical].get("Properties", {})
    for field in ("ManagedPolicyName", "QueueName", "LogGroupName", "FunctionName", "Name"):
        if field in properties:
            return str(rendered(properties[field]))
    return logical
