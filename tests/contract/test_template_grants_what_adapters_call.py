"""Every AWS call in the adapters is allowed to some function: a forgotten right fails here, not in AWS."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import boto3
import pytest

from tests.security.template import ROOT, resources, rights_of

if TYPE_CHECKING:
    from pathlib import Path

ADAPTERS = ROOT / "layers/core/sshq/adapters"
CLIENT_OF = {
    "agent_mirror.py": "s3",
    "certificate_authority.py": "kms",
    "dynamodb/table.py": "dynamodb",
    "job_logs.py": "logs",
    "identities.py": "iam",
    "nodes.py": "ssm",
    "prices.py": "pricing",
    "queues.py": "sqs",
    "quotas.py": "service-quotas",
    "sessions.py": "ssm",
    "slack_secret.py": "secretsmanager",
    "startup_files.py": "s3",
    "training_jobs.py": "sagemaker",
}
# Where IAM's word for a call isn't the call's name, or one call needs several rights.
ACTIONS_OF = {
    "s3.GetBucketEncryption": ["s3:GetEncryptionConfiguration"],
    "s3.GetBucketLifecycleConfiguration": ["s3:GetLifecycleConfiguration"],
    "s3.GetPublicAccessBlock": ["s3:GetBucketPublicAccessBlock"],
    "s3.HeadBucket": ["s3:ListBucket"],
    "s3.PutBucketEncryption": ["s3:PutEncryptionConfiguration"],
    "s3.HeadObject": ["s3:GetObject"],
    "s3.ListObjectsV2": ["s3:ListBucket"],
    "s3.DeleteObjects": ["s3:DeleteObject"],
    "s3.PutPublicAccessBlock": ["s3:PutBucketPublicAccessBlock"],
    "s3.PutBucketLifecycleConfiguration": ["s3:PutLifecycleConfiguration"],
    "dynamodb.TransactWriteItems": [
        "dynamodb:ConditionCheckItem",
        "dynamodb:DeleteItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
    ],
    "service-quotas.ListServiceQuotas": ["servicequotas:ListServiceQuotas"],
}
CALL = re.compile(r"\b(?:self\._(iam|ssm|s3|client)|(client))\.(\w+)\((?:\"(\w+)\"\))?")
# Signing is allowed by the key's own policy, which tests/security looks at.
BY_KEY_POLICY = {"kms:Sign", "kms:GetPublicKey"}


def calls() -> set[tuple[str, str]]:
    """(adapter, `service.Operation`) of every boto3 call in the adapters."""
    found: set[tuple[str, str]] = set()
    for path in ADAPTERS.rglob("*.py"):
        for named, _, method, paginated in CALL.findall(path.read_text(encoding="utf-8")):
            service = named if named in {"iam", "ssm", "s3"} else _service_of(path)
            if service:
                found.add((_adapter(path), f"{service}.{_operation(service, paginated or method)}"))
    return found


def _adapter(path: Path) -> str:
    """The adapter's name: its file's, or its package's."""
    return path.relative_to(ADAPTERS).parts[0].removesuffix(".py")


def _service_of(path: Path) -> str:
    return CLIENT_OF.get(path.relative_to(ADAPTERS).as_posix(), "")


def _operation(service: str, method: str) -> str:
    client = boto3.client(service, region_name="eu-west-1")
    return str(client.meta.method_to_api_mapping[method])


def test_the_adapters_that_call_aws_are_known() -> None:
    own_client = {
        path.relative_to(ADAPTERS).as_posix()
        for path in ADAPTERS.rglob("*.py")
        if re.search(r"\b_?client\.\w+\(", path.read_text(encoding="utf-8"))
    }

    assert own_client - {"slack_chat.py"} == set(CLIENT_OF)


@pytest.mark.parametrize(("adapter", "call"), sorted(calls()))
def test_the_call_is_allowed_to_a_function(adapter: str, call: str) -> None:
    # Only the provisioner works on the account; what the provisioner may do helps no other function.
    is_setup = adapter in {"account", "identities"}
    granted = {
        action
        for function in resources("AWS::Serverless::Function")
        if (function == "IamProvisioner") is is_setup
        for statement in rights_of(function)
        for action in statement.actions
    }

    needed = ACTIONS_OF.get(call, [call.replace(".", ":", 1)])
    assert [action for action in needed if action not in granted | BY_KEY_POLICY] == []
