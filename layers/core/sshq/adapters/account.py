"""The AWS account for setup: reads what is there as plain specs, and makes one change at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sshq.adapters.aws_errors import code, is_passing, refused
from sshq.domain.setup_plan import Action, Actual, Change, Kind, Names, desired

if TYPE_CHECKING:
    from collections.abc import Callable

    from sshq.ports import AgentMirror

_ABSENT = {"NoSuchEntity", "InvalidDocument", "ServiceSettingNotFound", "NoSuchBucket", "404"}
_EXISTS = {"EntityAlreadyExists", "DocumentAlreadyExists", "BucketAlreadyOwnedByYou"}
_NO_BUCKET_POLICY = "NoSuchBucketPolicy"
_MOST_POLICY_VERSIONS = 5

Spec = dict[str, Any]


class AwsAccount:
    """ports.Account. The clients are boto3's for IAM, SSM and S3."""

    def __init__(
        self,
        *,
        iam: Any,  # noqa: ANN401
        ssm: Any,  # noqa: ANN401
        s3: Any,  # noqa: ANN401
        agent_mirror: AgentMirror,
        names: Names,
    ) -> None:
        self._iam = iam
        self._ssm = ssm
        self._s3 = s3
        self._agent_mirror = agent_mirror
        self._names = names
        self._readers: dict[Kind, Callable[[str], Spec]] = {
            Kind.ROLE: self._read_role,
            Kind.POLICY: self._read_policy,
            Kind.GROUP: self._read_group,
            Kind.SETTING: self._read_setting,
            Kind.DOCUMENT: self._read_document,
            Kind.BUCKET: self._read_bucket,
            Kind.AGENT: self._read_agent,
        }
        self._writers: dict[Kind, Callable[[Change], None]] = {
            Kind.ROLE: self._write_role,
            Kind.POLICY: self._write_policy,
            Kind.GROUP: self._write_group,
            Kind.SETTING: self._write_setting,
            Kind.DOCUMENT: self._write_document,
            Kind.BUCKET: self._write_bucket,
            Kind.AGENT: self._write_agent,
        }

    def read(self) -> Actual:
        specs = {}
        for resource in desired(self._names):
            try:
                found = self._readers[resource.kind](resource.name)
                if found:
                    specs[resource.key] = found
            except ClientError as error:
                if is_passing(error):
                    raise
                if code(error) not in _ABSENT:
                    raise refused(error) from error
        return Actual(account=self._names.account, region=self._names.region, specs=specs)

    def apply(self, change: Change) -> None:
        try:
            self._writers[change.resource.kind](change)
        except ClientError as error:
            if is_passing(error):
                raise
            rest = self._rest_of_creation(change) if code(error) in _EXISTS else None
            if rest is None:
                raise refused(error) from error
            if rest.was != rest.resource.spec:
                self.apply(rest)

    def _rest_of_creation(self, change: Change) -> Change | None:
        """boto3 asks again when an answer is lost, and meets its own work: that is then completed.

        None if what is there can't be that work: it has something that creating it doesn't give.
        """
        if change.action is not Action.CREATE:
            return None
        spec, was = change.resource.spec, self._readers[change.resource.kind](change.resource.name)
        if any(was[part] not in (spec[part], [], {}) for part in spec):
            return None
        return change.model_copy(update={"action": Action.CHANGE, "was": was})

    def _policy_arn(self, name: str) -> str:
        return f"arn:{self._names.partition}:iam::{self._names.account}:policy/{name}"

    def _read_role(self, name: str) -> Spec:
        role = self._iam.get_role(RoleName=name)["Role"]
        attached = self._iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        inline = self._iam.list_role_policies(RoleName=name)["PolicyNames"]
        return {
            "trust": role["AssumeRolePolicyDocument"],
            "boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
            "attached": sorted(policy["PolicyArn"] for policy in attached),
            "inline": {
                policy: self._iam.get_role_policy(RoleName=name, PolicyName=policy)[
                    "PolicyDocument"
                ]
                for policy in inline
            },
        }

    def _write_role(self, change: Change) -> None:
        name, spec, was = change.resource.name, change.resource.spec, change.was or {}
        trust = json.dumps(spec["trust"])
        if change.action is Action.CREATE:
            self._iam.create_role(
                RoleName=name,
                AssumeRolePolicyDocument=trust,
                PermissionsBoundary=spec["boundary"],
                Description=f"made by sshq ({self._names.stack})",
                Tags=[{"Key": "sshq:stack", "Value": self._names.stack}],
            )
        else:
            if spec["boundary"] != was["boundary"]:
                # The boundary first: the writes below are allowed only on roles that have it.
                self._iam.put_role_permissions_boundary(
                    RoleName=name, PermissionsBoundary=spec["boundary"]
                )
            if spec["trust"] != was["trust"]:
                self._iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        for arn in spec["attached"]:
            if arn not in was.get("attached", []):
                self._iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        for policy, document in spec["inline"].items():
            if was.get("inline", {}).get(policy) != document:
                self._iam.put_role_policy(
                    RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document)
                )

    def _read_policy(self, name: str) -> Spec:
        arn = self._policy_arn(name)
        version = self._iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = self._iam.get_policy_version(PolicyArn=arn, VersionId=version)
        return {"document": found["PolicyVersion"]["Document"]}

    def _write_policy(self, change: Change) -> None:
        name, document = change.resource.name, json.dumps(change.resource.spec["document"])
        if change.action is Action.CREATE:
            self._iam.create_policy(PolicyName=name, PolicyDocument=document)
            return
        arn = self._policy_arn(name)
        versions = self._iam.list_policy_versions(PolicyArn=arn)["Versions"]
        if len(versions) >= _MOST_POLICY_VERSIONS:
            oldest = min(
                (version for version in versions if not version["IsDefaultVersion"]),
                key=lambda version: version["CreateDate"],
            )
            self._iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
        self._iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)

    def _read_group(self, name: str) -> Spec:
        self._iam.get_group(GroupName=name)
        attached = self._iam.list_attached_group_policies(GroupName=name)["AttachedPolicies"]
        return {"attached": sorted(policy["PolicyArn"] for policy in attached)}

    def _write_group(self, change: Change) -> None:
        name = change.resource.name
        if change.action is Action.CREATE:
            self._iam.create_group(GroupName=name)
        for arn in change.resource.spec["attached"]:
            if arn not in (change.was or {}).get("attached", []):
                self._iam.attach_group_policy(GroupName=name, PolicyArn=arn)

    def _read_setting(self, name: str) -> Spec:
        found = self._ssm.get_service_setting(SettingId=name)
        return {"value": found["ServiceSetting"]["SettingValue"]}

    def _write_setting(self, change: Change) -> None:
        self._ssm.update_service_setting(
            SettingId=change.resource.name, SettingValue=change.resource.spec["value"]
        )

    def _read_document(self, name: str) -> Spec:
        # Without a version: the default one, which sessions and commands use.
        found = self._ssm.get_document(Name=name)
        return {"type": found["DocumentType"], "content": json.loads(found["Content"])}

    def _write_document(self, change: Change) -> None:
        name, spec = change.resource.name, change.resource.spec
        content = json.dumps(spec["content"])
        if change.action is Action.CREATE:
            self._ssm.create_document(
                Name=name,
                Content=content,
                DocumentType=spec["type"],
                DocumentFormat="JSON",
                Tags=[{"Key": "sshq:stack", "Value": self._names.stack}],
            )
            return
        self._ssm.update_document_default_version(
            Name=name, DocumentVersion=self._version_with(name, content)
        )

    def _version_with(self, name: str, content: str) -> str:
        """A new version with this content, or the old one that has it: SSM refuses a second."""
        try:
            made = self._ssm.update_document(
                Name=name, Content=content, DocumentVersion="$LATEST", DocumentFormat="JSON"
            )
        except ClientError as error:
            if code(error) != "DuplicateDocumentContent":
                raise
        else:
            return str(made["DocumentDescription"]["DocumentVersion"])
        newest = self._ssm.get_document(Name=name, DocumentVersion="$LATEST")["DocumentVersion"]
        for version in map(str, range(int(newest), 0, -1)):
            found = self._ssm.get_document(Name=name, DocumentVersion=version)
            if json.loads(found["Content"]) == json.loads(content):
                return version
        raise LookupError(f"no version of {name} has the content that SSM calls a duplicate")

    def _read_bucket(self, name: str) -> Spec:
        self._s3.head_bucket(Bucket=name)
        try:
            policy = json.loads(self._s3.get_bucket_policy(Bucket=name)["Policy"])
        except ClientError as error:
            if code(error) != _NO_BUCKET_POLICY:
                raise
            policy = {}
        return {"policy": policy}

    def _write_bucket(self, change: Change) -> None:
        name = change.resource.name
        if change.action is Action.CREATE:
            # us-east-1 is the one region that S3 doesn't want named.
            region = self._names.region
            where = (
                {}
                if region == "us-east-1"
                else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            )
            self._s3.create_bucket(Bucket=name, **where)
        # The policy comes last: a bucket that was left half-made is seen by its lack.
        self._s3.put_public_access_block(
            Bucket=name,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )
        rule = {
            "ID": "sshq-start-up-files",
            "Status": "Enabled",
            "Filter": {"Prefix": "jobs/"},
            "Expiration": {"Days": 30},
        }
        self._s3.put_bucket_lifecycle_configuration(
            Bucket=name, LifecycleConfiguration={"Rules": [rule]}
        )
        policy = json.dumps(change.resource.spec["policy"])
        self._s3.put_bucket_policy(Bucket=name, Policy=policy)

    def _read_agent(self, _name: str) -> Spec:
        pin = self._agent_mirror.pinned()
        return {"version": pin.version} if pin else {}

    def _write_agent(self, change: Change) -> None:
        self._agent_mirror.mirror(change.resource.spec["version"])
