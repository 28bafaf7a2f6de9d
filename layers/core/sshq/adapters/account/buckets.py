"""The S3 bucket. Its name can be guessed, so each call says whose bucket it must be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sshq.adapters.aws_errors import code
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.setup_plan import Action

if TYPE_CHECKING:
    from collections.abc import Callable

    from sshq.adapters.account.part import Spec
    from sshq.domain.desired_state import Names
    from sshq.domain.setup_plan import Change

_UNSET = {
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "OwnershipControlsNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
}
# Written by sshq itself, and of no use to anyone once the jobs are over. What jobs put
# out and the audit's copies are somebody's.
_OWN_FOLDERS = ("jobs/", "container/", "agent/")
_PRIVATE = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


class Buckets:
    """A Part."""

    def __init__(self, s3: Any, names: Names) -> None:  # noqa: ANN401  boto3 has no types
        self._s3 = s3
        self._names = names

    def read(self, name: str) -> Spec:
        where = self._where(name)
        try:
            self._s3.head_bucket(**where)
        except ClientError as error:
            if code(error) in {"403", "AccessDenied"}:
                raise Refusal(Reason.BUCKET_TAKEN, bucket=name) from error
            raise
        block = _unless_unset(lambda: self._s3.get_public_access_block(**where))
        owner = _unless_unset(lambda: self._s3.get_bucket_ownership_controls(**where))
        encryption = _unless_unset(lambda: self._s3.get_bucket_encryption(**where))
        lifecycle = _unless_unset(lambda: self._s3.get_bucket_lifecycle_configuration(**where))
        policy = _unless_unset(lambda: self._s3.get_bucket_policy(**where))
        return {
            "private": block.get("PublicAccessBlockConfiguration") == _PRIVATE,
            "owner_enforced": _ownership(owner) == "BucketOwnerEnforced",
            "encryption": _algorithm(encryption),
            "lifecycle": lifecycle.get("Rules", []),
            "policy": json.loads(policy.get("Policy", "{}")),
        }

    def write(self, change: Change) -> None:
        name, spec, was = change.resource.name, change.resource.spec, change.was or {}
        where = self._where(name)
        if change.action is Action.CREATE:
            self._create(name)
        if not was.get("private"):
            self._s3.put_public_access_block(**where, PublicAccessBlockConfiguration=_PRIVATE)
        if not was.get("owner_enforced"):
            rules = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
            self._s3.put_bucket_ownership_controls(**where, OwnershipControls=rules)
        if was.get("encryption") != spec["encryption"]:
            by_default = {"SSEAlgorithm": spec["encryption"]}
            self._s3.put_bucket_encryption(
                **where,
                ServerSideEncryptionConfiguration={
                    "Rules": [{"ApplyServerSideEncryptionByDefault": by_default}]
                },
            )
        if was.get("lifecycle") != spec["lifecycle"]:
            self._s3.put_bucket_lifecycle_configuration(
                **where, LifecycleConfiguration={"Rules": spec["lifecycle"]}
            )
        if was.get("policy") != spec["policy"]:
            self._s3.put_bucket_policy(**where, Policy=json.dumps(spec["policy"]))

    def delete(self, name: str) -> None:
        """With the files that sshq put there. S3 itself refuses if anything else is left."""
        where = self._where(name)
        for folder in _OWN_FOLDERS:
            pages = self._s3.get_paginator("list_objects_v2").paginate(**where, Prefix=folder)
            for page in pages:
                keys = [{"Key": found["Key"]} for found in page.get("Contents", [])]
                if keys:
                    self._s3.delete_objects(**where, Delete={"Objects": keys, "Quiet": True})
        self._s3.delete_bucket(**where)

    def has_outputs(self, name: str) -> bool:
        """Whether it holds what sshq didn't put there."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(**self._where(name))
        try:
            return any(
                not found["Key"].startswith(_OWN_FOLDERS)
                for page in pages
                for found in page.get("Contents", [])
            )
        except ClientError as error:
            if code(error) == "NoSuchBucket":
                return False
            raise

    def _create(self, name: str) -> None:
        # us-east-1 is the one region that S3 doesn't want named.
        region = self._names.region
        where = (
            {}
            if region == "us-east-1"
            else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        )
        try:
            self._s3.create_bucket(Bucket=name, **where)
        except ClientError as error:
            if code(error) == "BucketAlreadyExists":
                raise Refusal(Reason.BUCKET_TAKEN, bucket=name) from error
            raise

    def _where(self, name: str) -> dict[str, str]:
        return {"Bucket": name, "ExpectedBucketOwner": self._names.account}


def _unless_unset(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return ask()
    except ClientError as error:
        if code(error) not in _UNSET:
            raise
        return {}


def _ownership(found: dict[str, Any]) -> str:
    rules = found.get("OwnershipControls", {}).get("Rules", [])
    return str(rules[0]["ObjectOwnership"]) if rules else ""


def _algorithm(found: dict[str, Any]) -> str:
    rules = found.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
    return str(rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]) if rules else ""
