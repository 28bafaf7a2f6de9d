"""The template's plain resources, made in moto over AWS's own API, in the order of reference.

Functions, layers and the HTTP API are the sandbox's own business: they only get names here.
Types that nothing in the sandbox looks at (alarms …) are left out, and named in `left_out`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sshq_sandbox.lambda_host.intrinsics import TemplateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sshq_sandbox.lambda_host.template import Function, Template

_FUNCTION = "AWS::Serverless::Function"
_NAMED_ONLY = frozenset({_FUNCTION, "AWS::Serverless::LayerVersion", "AWS::Serverless::HttpApi"})


@dataclass(frozen=True)
class Created:
    """CloudFormation's return values of one resource."""

    ref: str
    attributes: Mapping[str, str] = field(default_factory=dict)


class Stack:
    """Implements intrinsics.Resources: a resource comes into being when it is first referred to.

    `client(service)` returns a boto3 client whose calls reach the sandbox's AWS.
    """

    def __init__(self, template: Template, client: Callable[[str], Any]) -> None:
        self._template = template
        self._client = client
        self._created: dict[str, Created] = {}
        self._in_progress: list[str] = []
        self._creators: dict[str, Callable[[str], Created]] = {
            "AWS::SQS::Queue": self._queue,
            "AWS::DynamoDB::Table": self._table,
            "AWS::KMS::Key": self._key,
            "AWS::KMS::Alias": self._key_alias,
            "AWS::SecretsManager::Secret": self._secret,
            "AWS::IAM::ManagedPolicy": self._managed_policy,
            "AWS::IAM::Role": self._role,
            "AWS::S3::Bucket": self._bucket,
            "AWS::SSM::Document": self._document,
            "AWS::SSM::Parameter": self._parameter,
            "AWS::Logs::LogGroup": self._log_group,
            "AWS::Scheduler::ScheduleGroup": lambda name: Created(self._properties(name)["Name"]),
            "AWS::Serverless::HttpApi": lambda _: Created("sandbox"),
            "AWS::Serverless::LayerVersion": Created,
            _FUNCTION: self._function_name,
        }

    def deploy(self) -> list[Function]:
        """Create everything; return the functions. Raises TemplateError or ClientError."""
        for logical_id in self._template.resources:
            if self._template.resources[logical_id]["Type"] in self._creators:
                self._ensure(logical_id)
        return [self._template.function(each, self) for each in self._template.of_type(_FUNCTION)]

    @property
    def left_out(self) -> list[str]:
        """Types in the template for which the sandbox makes nothing."""
        types = {resource["Type"] for resource in self._template.resources.values()}
        return sorted(types - set(self._creators))

    def ref(self, logical_id: str) -> str:
        return self._ensure(logical_id).ref

    def attribute(self, logical_id: str, name: str) -> str:
        found = self._ensure(logical_id).attributes
        if name not in found:
            raise TemplateError(f"GetAtt {logical_id}.{name}: the sandbox doesn't know it.")
        return found[name]

    def _ensure(self, logical_id: str) -> Created:
        if logical_id in self._created:
            return self._created[logical_id]
        if logical_id in self._in_progress:
            circle = " → ".join([*self._in_progress, logical_id])
            raise TemplateError(f"The resources refer to each other in a circle: {circle}.")
        resource = self._template.resources.get(logical_id)
        if resource is None:
            raise TemplateError(f"{logical_id} is referred to, but its condition doesn't hold.")
        creator = self._creators.get(resource["Type"])
        if creator is None:
            raise TemplateError(f"{logical_id}: the sandbox can't make a {resource['Type']}.")
        self._in_progress.append(logical_id)
        try:
            created = creator(logical_id)
        finally:
            self._in_progress.pop()
        self._created[logical_id] = created
        return created

    def _properties(self, logical_id: str) -> dict[str, Any]:
        return self._template.properties(logical_id, self)

    def _name(self, logical_id: str) -> str:
        return f"{self._template.place.stack}-{logical_id}"

    def _queue(self, logical_id: str) -> Created:
        facts = self._properties(logical_id)
        name = facts.pop("QueueName", None) or self._name(logical_id) + (
            ".fifo" if facts.get("FifoQueue") else ""
        )
        tags = {tag["Key"]: tag["Value"] for tag in facts.pop("Tags", [])}
        attributes = {key: _attribute(value) for key, value in facts.items()}
        sqs = self._client("sqs")
        url = sqs.create_queue(QueueName=name, Attributes=attributes, tags=tags)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return Created(
            url,
            {"Arn": arn["Attributes"]["QueueArn"], "QueueName": name, "QueueUrl": url},
        )

    def _table(self, logical_id: str) -> Created:
        facts = self._properties(logical_id)
        lives = facts.pop("TimeToLiveSpecification", None)
        recovery = facts.pop("PointInTimeRecoverySpecification", None)
        facts["SSESpecification"] = {
            "Enabled": facts.pop("SSESpecification", {}).get("SSEEnabled", False)
        }
        facts.setdefault("TableName", self._name(logical_id))
        dynamodb = self._client("dynamodb")
        made = dynamodb.create_table(**facts)["TableDescription"]
        name = made["TableName"]
        if lives:
            dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=lives)
        if recovery:
            dynamodb.update_continuous_backups(
                TableName=name, PointInTimeRecoverySpecification=recovery
            )
        attributes = {"Arn": made["TableArn"]}
        if "LatestStreamArn" in made:
            attributes["StreamArn"] = made["LatestStreamArn"]
        return Created(name, attributes)

    def _key(self, logical_id: str) -> Created:
        facts = self._properties(logical_id)
        arguments: dict[str, Any] = {
            name: facts[name] for name in ("Description", "KeySpec", "KeyUsage") if name in facts
        }
        if "KeyPolicy" in facts:
            arguments["Policy"] = json.dumps(facts["KeyPolicy"])
        tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in facts.get("Tags", [])]
        made = self._client("kms").create_key(**arguments, Tags=tags)["KeyMetadata"]
        return Created(made["KeyId"], {"Arn": made["Arn"], "KeyId": made["KeyId"]})

    def _key_alias(self, logical_id: str) -> Created:
        facts = self._properties(logical_id)
        name, target = facts["AliasName"], facts["TargetKeyId"]
        self._client("kms").create_alias(AliasName=name, TargetKeyId=target)
        return Created(name)

    def _secret(self, logical_id: str) -> Created:
        facts = self._properties(logical_id)
        secrets = self._client("secretsmanager")
        made = secrets.create_secret(
            Name=facts.get("Name", self._name(logical_id)),
            Description=facts.get("Description", ""),
            SecretString=facts.get("SecretString", "{}"),
            Tags=facts.get("Tags", []),
        )
        return Created(made["ARN"], {"Id": made["ARN"]})

    def _managed_policy(self, logical_id: str) -> Created:
        facts = self._properties(logical_id)
        iam = self._client("iam")
        made = iam.create_policy(
            PolicyName=facts.get("ManagedPolicyName", self._name(logical_id)),
            Path=facts.get("Path", "/"),
            Description=facts.get("Description", ""),
            PolicyDocument=json.dumps(facts["PolicyDocument"]),
        )["Policy"]
        for role in facts.get("Roles", []):
            iam.attach_role_policy(RoleName=role, PolicyArn=made["Arn"])
        return Created(made["Arn"], {"PolicyArn": made["Arn"], "PolicyId": made["PolicyId"]})

    def _role(self, logical_id: str) -> Created:
        return self._create_role(self._properties(logical_id), self._name(logical_id))

    def _create_role(self, facts: Mapping[str, Any], default_name: str) -> Created:
        iam = self._client("iam")
        name = facts.get("RoleName", default_name)
        optional = ("Description", "MaxSessionDuration", "Path", "PermissionsBoundary", "Tags")
        made = iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps(facts["AssumeRolePolicyDocument"]),
            **{key: facts[key] for key in optional if key in facts},
        )["Role"]
        for policy in facts.get("Policies", []):
            iam.put_role_policy(
                RoleName=name,
                PolicyName=policy["PolicyName"],
                PolicyDocument=json.dumps(policy["PolicyDocument"]),
            )
        for arn in facts.get("ManagedPolicyArns", []):
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        return Created(name, {"Arn": made["Arn"], "RoleId": made["RoleId"]})

    def _bucket(self, logical_id: str) -> Created:
        place = self._template.place
        name = self._properties(logical_id).get("BucketName") or (
            f"{place.stack}-{logical_id}-{place.account}".lower()
        )
        where = {} if place.region == "us-east-1" else {"LocationConstraint": place.region}
        self._client("s3").create_bucket(
            Bucket=name, **({"CreateBucketConfiguration": where} if where else {})
        )
        return Created(name, {"Arn": f"arn:{place.partition}:s3:::{name}"})

    def _document(self, logical_id: str) -> Created:
        facts = self._properties(logical_id)
        name = facts.get("Name", self._name(logical_id))
        content = facts["Content"]
        self._client("ssm").create_document(
            Name=name,
            Content=content if isinstance(content, str) else json.dumps(content),
            DocumentType=facts.get("DocumentType", "Command"),
            DocumentFormat=facts.get("DocumentFormat", "JSON"),
        )
        return Created(name)

    def _parameter(self, logical_id: str) -> Created:
        facts = self._properties(logical_id)
        name = facts.get("Name", self._name(logical_id))
        self._client("ssm").put_parameter(Name=name, Type=facts["Type"], Value=facts["Value"])
        return Created(name, {"Type": facts["Type"], "Value": facts["Value"]})

    def _log_group(self, logical_id: str) -> Created:
        facts = self._properties(logical_id)
        name = facts.get("LogGroupName", self._name(logical_id))
        logs = self._client("logs")
        logs.create_log_group(logGroupName=name)
        if "RetentionInDays" in facts:
            logs.put_retention_policy(
                logGroupName=name, retentionInDays=int(facts["RetentionInDays"])
            )
        place = self._template.place
        arn = f"arn:{place.partition}:logs:{place.region}:{place.account}:log-group:{name}:*"
        return Created(name, {"Arn": arn})

    def _function_name(self, logical_id: str) -> Created:
        """Only the name: the rest is resolved at the end, since a function refers to everything.

        A function without a Role gets one, as SAM would make it.
        """
        place = self._template.place
        name = self._template.property(logical_id, "FunctionName", self) or self._name(logical_id)
        arn = f"arn:{place.partition}:lambda:{place.region}:{place.account}:function:{name}"
        attributes = {"Arn": arn}
        if self._template.property(logical_id, "Role", self) is None:
            role = self._create_role(
                {"AssumeRolePolicyDocument": _trust("lambda.amazonaws.com")}, f"{name}-role"
            )
            attributes["Role"] = role.attributes["Arn"]
        return Created(name, attributes)


def _attribute(value: Any) -> str:  # noqa: ANN401 - SQS takes every attribute as text
    if isinstance(value, dict):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _trust(service: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        ],
    }
