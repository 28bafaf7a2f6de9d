"""The desired state as a CloudFormation template: the same data in another form."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from sshq.domain.desired_state import Kind, Names, Resource, desired

if TYPE_CHECKING:
    from collections.abc import Callable

_NOT_A_WORD = re.compile(r"[^A-Za-z0-9]+")


def template(names: Names, *, quickstart: bool = False) -> str:
    """JSON. What CloudFormation has no resource for (the SSM tier) stands in the description.

    The bucket outlives its stack: what jobs put out is in it.
    """
    resources: dict[str, Any] = {}
    for resource in desired(names, quickstart=quickstart):
        resources |= _AS[resource.kind](resource, names)
    found = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"What /sshq setup makes for {names.stack}. Then, once: {_tier(names)}",
        "Resources": resources,
    }
    return json.dumps(found, indent=1)


def _tier(names: Names) -> str:
    setting = next(r for r in desired(names) if r.kind is Kind.SETTING)
    return (
        f"aws ssm update-service-setting --region {names.region} --setting-id {setting.name}"
        f" --setting-value {setting.spec['value']}"
    )


def _role(resource: Resource, names: Names) -> dict[str, Any]:
    spec = resource.spec
    properties = {
        "RoleName": resource.name,
        "AssumeRolePolicyDocument": spec["trust"],
        "PermissionsBoundary": spec["boundary"],
        "ManagedPolicyArns": spec["attached"],
        "Policies": [
            {"PolicyName": name, "PolicyDocument": document}
            for name, document in spec["inline"].items()
        ],
        "Tags": _tags(names),
    }
    return {_id(resource): {"Type": "AWS::IAM::Role", "Properties": properties}}


def _group(resource: Resource, names: Names) -> dict[str, Any]:  # noqa: ARG001  groups have no tags
    properties = {"GroupName": resource.name, "ManagedPolicyArns": resource.spec["attached"]}
    return {_id(resource): {"Type": "AWS::IAM::Group", "Properties": properties}}


def _document(resource: Resource, names: Names) -> dict[str, Any]:
    properties = {
        "Name": resource.name,
        "DocumentType": resource.spec["type"],
        "DocumentFormat": "JSON",
        "UpdateMethod": "NewVersion",
        "Content": resource.spec["content"],
        "Tags": _tags(names),
    }
    return {_id(resource): {"Type": "AWS::SSM::Document", "Properties": properties}}


def _bucket(resource: Resource, names: Names) -> dict[str, Any]:
    spec = resource.spec
    by_default = {"SSEAlgorithm": spec["encryption"]}
    properties = {
        "BucketName": resource.name,
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": by_default}]
        },
        "PublicAccessBlockConfiguration": dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"),
            spec["private"],
        ),
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "LifecycleConfiguration": {"Rules": [_rule(rule) for rule in spec["lifecycle"]]},
        "Tags": _tags(names),
    }
    policy = {"Bucket": {"Ref": _id(resource)}, "PolicyDocument": spec["policy"]}
    return {
        _id(resource): {
            "Type": "AWS::S3::Bucket",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": properties,
        },
        f"{_id(resource)}Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": policy},
    }


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    """S3's API and CloudFormation call the same things by different names."""
    found = {"Id": rule["ID"], "Status": rule["Status"]}
    if rule["Filter"]["Prefix"]:
        found["Prefix"] = rule["Filter"]["Prefix"]
    if "Expiration" in rule:
        found["ExpirationInDays"] = rule["Expiration"]["Days"]
    if "AbortIncompleteMultipartUpload" in rule:
        found["AbortIncompleteMultipartUpload"] = rule["AbortIncompleteMultipartUpload"]
    return found


def _nothing(resource: Resource, names: Names) -> dict[str, Any]:  # noqa: ARG001  CloudFormation can't
    return {}


def _id(resource: Resource) -> str:
    words = _NOT_A_WORD.split(f"{resource.kind.value}-{resource.name}")
    return "".join(word[:1].upper() + word[1:] for word in words)


def _tags(names: Names) -> list[dict[str, str]]:
    return [{"Key": "sshq:stack", "Value": names.stack}]


_AS: dict[Kind, Callable[[Resource, Names], dict[str, Any]]] = {
    Kind.ROLE: _role,
    Kind.GROUP: _group,
    Kind.DOCUMENT: _document,
    Kind.BUCKET: _bucket,
    Kind.SETTING: _nothing,
    Kind.AGENT: _nothing,
}
