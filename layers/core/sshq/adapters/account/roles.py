"""IAM roles. Their trust is set at birth and never changed: see domain.setup_plan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sshq.adapters.account.part import gone_is_fine
from sshq.domain.setup_plan import Action

if TYPE_CHECKING:
    from sshq.adapters.account.part import Spec
    from sshq.domain.desired_state import Names
    from sshq.domain.setup_plan import Change


class Roles:
    """A Part. `tags` has those of the roles that were read."""

    def __init__(self, iam: Any, names: Names) -> None:  # noqa: ANN401  boto3 has no types
        self._iam = iam
        self._names = names
        self.tags: dict[str, dict[str, str]] = {}

    def read(self, name: str) -> Spec:
        role = self._iam.get_role(RoleName=name)["Role"]
        self.tags[name] = {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}
        return {
            "trust": role["AssumeRolePolicyDocument"],
            "boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
            "attached": self._attached(name),
            "inline": {
                policy: self._iam.get_role_policy(RoleName=name, PolicyName=policy)[
                    "PolicyDocument"
                ]
                for policy in self._inline(name)
            },
        }

    def write(self, change: Change) -> None:
        name, spec, was = change.resource.name, change.resource.spec, change.was or {}
        if change.action is Action.CREATE:
            self._create(name, spec)
        elif spec["boundary"] != was["boundary"]:
            # The boundary first: the writes below are allowed only on roles that have it.
            self._iam.put_role_permissions_boundary(
                RoleName=name, PermissionsBoundary=spec["boundary"]
            )
        for policy, document in spec["inline"].items():
            if was.get("inline", {}).get(policy) != document:
                self._iam.put_role_policy(
                    RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document)
                )
        for arn in spec["attached"]:
            if arn not in was.get("attached", []):
                self._iam.attach_role_policy(RoleName=name, PolicyArn=arn)
        # What is too broad goes last, when what takes its place is there.
        for arn in was.get("attached", []):
            if arn not in spec["attached"]:
                self._detach(name, arn)

    def delete(self, name: str) -> None:
        for arn in self._attached(name):
            self._detach(name, arn)
        for policy in self._inline(name):
            with gone_is_fine():
                self._iam.delete_role_policy(RoleName=name, PolicyName=policy)
        self._iam.delete_role(RoleName=name)

    def _create(self, name: str, spec: Spec) -> None:
        self._iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps(spec["trust"]),
            PermissionsBoundary=spec["boundary"],
            Description=f"made by sshq ({self._names.stack})",
            Tags=[{"Key": "sshq:stack", "Value": self._names.stack}],
        )

    def _detach(self, name: str, arn: str) -> None:
        with gone_is_fine():
            self._iam.detach_role_policy(RoleName=name, PolicyArn=arn)

    def _attached(self, name: str) -> list[str]:
        found = self._iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        return sorted(policy["PolicyArn"] for policy in found)

    def _inline(self, name: str) -> list[str]:
        names: list[str] = self._iam.list_role_policies(RoleName=name)["PolicyNames"]
        return names
