"""The IAM group. A boundary doesn't bind groups, so what may be attached is named one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sshq.adapters.account.part import gone_is_fine
from sshq.domain.setup_plan import Action

if TYPE_CHECKING:
    from sshq.adapters.account.part import Spec
    from sshq.domain.setup_plan import Change


class Groups:
    """A Part."""

    def __init__(self, iam: Any) -> None:  # noqa: ANN401  boto3 has no types
        self._iam = iam

    def read(self, name: str) -> Spec:
        inline = self._iam.list_group_policies(GroupName=name)["PolicyNames"]
        return {"attached": self._attached(name), "inline": {policy: {} for policy in inline}}

    def write(self, change: Change) -> None:
        name, spec, was = change.resource.name, change.resource.spec, change.was or {}
        if change.action is Action.CREATE:
            self._iam.create_group(GroupName=name)
        for arn in spec["attached"]:
            if arn not in was.get("attached", []):
                self._iam.attach_group_policy(GroupName=name, PolicyArn=arn)
        for arn in was.get("attached", []):
            if arn not in spec["attached"]:
                self._detach(name, arn)

    def delete(self, name: str) -> None:
        for page in self._iam.get_paginator("get_group").paginate(GroupName=name):
            for user in page["Users"]:
                with gone_is_fine():
                    self._iam.remove_user_from_group(GroupName=name, UserName=user["UserName"])
        for arn in self._attached(name):
            self._detach(name, arn)
        self._iam.delete_group(GroupName=name)

    def _detach(self, name: str, arn: str) -> None:
        with gone_is_fine():
            self._iam.detach_group_policy(GroupName=name, PolicyArn=arn)

    def _attached(self, name: str) -> list[str]:
        found = self._iam.list_attached_group_policies(GroupName=name)["AttachedPolicies"]
        return sorted(policy["PolicyArn"] for policy in found)
