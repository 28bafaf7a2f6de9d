"""Each function's role allows exactly the calls that its code makes: nothing missing, nothing unused."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.security.iam import code_calls
from tests.security.iam.counting import COUNTS
from tests.security.template import resources, rights_of

FUNCTIONS = sorted(resources("AWS::Serverless::Function"))
# Where IAM's word for a call isn't the call's name, or one call needs several rights.
RIGHTS_OF = {
    # Judged by its writes.
    "dynamodb.TransactWriteItems": set(),
    "dynamodb.Transact.CHECK": {"dynamodb:ConditionCheckItem"},
    "dynamodb.Transact.DELETE": {"dynamodb:DeleteItem"},
    "dynamodb.Transact.PUT": {"dynamodb:PutItem"},
    "dynamodb.Transact.UPDATE": {"dynamodb:UpdateItem"},
    "iam.CreateRole": {"iam:CreateRole", "iam:TagRole"},
    "s3.DeleteObjects": {"s3:DeleteObject"},
    "s3.GetBucketEncryption": {"s3:GetEncryptionConfiguration"},
    "s3.GetBucketLifecycleConfiguration": {"s3:GetLifecycleConfiguration"},
    "s3.GetPublicAccessBlock": {"s3:GetBucketPublicAccessBlock"},
    "s3.HeadBucket": {"s3:ListBucket"},
    "s3.HeadObject": {"s3:GetObject"},
    "s3.ListObjectsV2": {"s3:ListBucket"},
    "s3.PutBucketEncryption": {"s3:PutEncryptionConfiguration"},
    "s3.PutBucketLifecycleConfiguration": {"s3:PutLifecycleConfiguration"},
    "s3.PutPublicAccessBlock": {"s3:PutBucketPublicAccessBlock"},
    "sagemaker.CreateTrainingJob": {
        "sagemaker:CreateTrainingJob",
        "sagemaker:AddTags",
        "iam:PassRole",
    },
    "service-quotas.ListServiceQuotas": {"servicequotas:ListServiceQuotas"},
    "ssm.CreateActivation": {"ssm:CreateActivation", "ssm:AddTagsToResource", "iam:PassRole"},
    "ssm.CreateDocument": {"ssm:CreateDocument", "ssm:AddTagsToResource"},
    # A presigned stream URL is checked as the data channel's own call.
    "ssm.StartSession": {"ssm:StartSession", "ssmmessages:OpenDataChannel"},
    # The CA key's own policy grants its use.
    "kms.Sign": set(),
    "kms.GetPublicKey": set(),
}
# What Lambda itself does in the function's name: its log, and the queue that it is fed from.
LAMBDAS_OWN = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
}


def needed(function: str) -> set[str]:
    calls = code_calls.calls_of(function)
    COUNTS["calls of the functions' code, compared with their roles"] += len(calls)
    return {right for call in calls for right in RIGHTS_OF.get(call, {call.replace(".", ":", 1)})}


def granted(function: str) -> set[str]:
    return {action for s in rights_of(function) if s.allows for action in s.actions}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nothing_is_missing(function: str) -> None:
    assert needed(function) - granted(function) == set()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nothing_of_a_functions_own_is_unused(function: str) -> None:
    role = f"{function}Role"
    own = {a for s in rights_of(function) if s.allows and s.holder == role for a in s.actions}

    assert own - needed(function) - LAMBDAS_OWN == set()


def test_nothing_that_functions_share_is_unused() -> None:
    """Each right of a shared policy is used by one of the functions that hold it."""
    used: dict[str, set[str]] = defaultdict(set)
    shared: dict[str, set[str]] = defaultdict(set)
    for function in FUNCTIONS:
        for statement in rights_of(function):
            if statement.holder != f"{function}Role":
                shared[statement.holder] |= set(statement.actions)
                used[statement.holder] |= needed(function)

    assert shared
    assert {holder: found - used[holder] for holder, found in shared.items()} == {
        holder: set() for holder in shared
    }


def test_every_adapter_with_a_client_is_known() -> None:
    """A new one of an unknown service would be reached without being seen."""
    assert code_calls.unknown_clients() - {"sshq.adapters.slack_chat"} == set()


def test_the_way_through_the_code_is_seen() -> None:
    """A graph that lost its way would find nothing unused, and nothing missing either."""
    worker = code_calls.calls_of("CommandWorker")
    provisioner = code_calls.calls_of("IamProvisioner")

    assert {"sagemaker.CreateTrainingJob", "ssm.CreateActivation", "s3.PutObject"} <= worker
    assert {"iam.PutRolePolicy", "s3.CreateBucket", "ssm.CreateDocument"} <= provisioner
    assert not {call for call in worker if call.startswith("iam.")}
    assert code_calls.calls_of("SlackGateway") == {
        "secretsmanager.GetSecretValue",
        "sqs.SendMessage",
    }
