"""The AWS account for setup: reads what is there as plain specs, and makes one change at a time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from sshq.adapters.account.buckets import Buckets
from sshq.adapters.account.documents import Documents
from sshq.adapters.account.groups import Groups
from sshq.adapters.account.mirrored_agent import MirroredAgent
from sshq.adapters.account.roles import Roles
from sshq.adapters.account.service_settings import ServiceSettings
from sshq.adapters.aws_errors import code, is_passing, refused
from sshq.domain.desired_state import Kind, Names, desired
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.setup_plan import Action, Actual, Change, Leftovers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sshq.adapters.account.part import Part
    from sshq.ports import AgentMirror

_ABSENT = {
    "NoSuchEntity",
    "InvalidDocument",
    "ServiceSettingNotFound",
    "NoSuchBucket",
    "404",
}
_EXISTS = {"EntityAlreadyExists", "DocumentAlreadyExists", "BucketAlreadyOwnedByYou"}
_OWN_TAG = "sshq:stack"


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
        self._names = names
        self._ssm = ssm
        self._roles = Roles(iam, names)
        self._buckets = Buckets(s3, names)
        self._parts: Mapping[Kind, Part] = {
            Kind.ROLE: self._roles,
            Kind.GROUP: Groups(iam),
            Kind.SETTING: ServiceSettings(ssm),
            Kind.DOCUMENT: Documents(ssm, names),
            Kind.BUCKET: self._buckets,
            Kind.AGENT: MirroredAgent(agent_mirror),
        }

    def read(self) -> Actual:
        specs = {}
        for resource in desired(self._names):
            with _told(absent=True):
                found = self._parts[resource.kind].read(resource.name)
                if found:
                    specs[resource.key] = found
        roles = {f"{Kind.ROLE.value}:{name}": tags for name, tags in self._roles.tags.items()}
        ours = {key for key, tags in roles.items() if tags.get(_OWN_TAG) == self._names.stack}
        return Actual(
            account=self._names.account,
            region=self._names.region,
            specs=specs,
            ours=frozenset(ours),
        )

    def leftovers(self) -> Leftovers:
        with _told():
            return Leftovers(
                bucket_has_outputs=self._buckets.has_outputs(self._names.bucket),
                foreign_nodes=self._has_foreign_nodes(),
            )

    def apply(self, change: Change) -> None:
        part = self._parts[change.resource.kind]
        if change.action is Action.DELETE:
            with _told(absent=True):
                part.delete(change.resource.name)
            return
        with _told():
            try:
                part.write(change)
            except ClientError as error:
                if change.action is not Action.CREATE or code(error) not in _EXISTS:
                    raise
                part.write(self._rest_of_creation(change))

    def _rest_of_creation(self, change: Change) -> Change:
        """boto3 asks again when an answer is lost, and meets its own work: that is then completed.

        What has something that creating it doesn't give is somebody else's, and refused.
        """
        spec, name = change.resource.spec, change.resource.name
        was = self._parts[change.resource.kind].read(name)
        if any(was[part] not in (spec[part], [], {}, "", False) for part in spec):
            raise Refusal(Reason.MADE_MEANWHILE, resource=change.resource.key)
        return change.model_copy(update={"action": Action.CHANGE, "was": was})

    def _has_foreign_nodes(self) -> bool:
        """Whether a hybrid node that no job of sshq's is needs the tier."""
        pages = self._ssm.get_paginator("describe_instance_information").paginate(
            Filters=[{"Key": "ResourceType", "Values": ["ManagedInstance"]}]
        )
        return any(
            node.get("IamRole") != self._names.node_role
            for page in pages
            for node in page["InstanceInformationList"]
        )


@contextmanager
def _told(*, absent: bool = False) -> Iterator[None]:
    """AWS's errors as refusals: busy is worth another try, denied is not. What is absent may be."""
    try:
        yield
    except ClientError as error:
        if is_passing(error):
            raise Refusal(Reason.AWS_BUSY, detail=code(error)) from error
        if not (absent and code(error) in _ABSENT):
            raise refused(error) from error
    except BotoCoreError as error:
        raise Refusal(Reason.AWS_BUSY, detail=type(error).__name__) from error
