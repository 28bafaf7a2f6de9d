"""Members' own IAM identities: their ids, and who is in the one group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sshq.adapters.aws_errors import code, is_passing, refused
from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from sshq.domain.members import IamIdentity

_ABSENT = "NoSuchEntity"


class IamIdentities:
    """ports.Identities. `client` is a boto3 IAM client; `group` the one group it may change."""

    def __init__(self, client: Any, *, group: str) -> None:  # noqa: ANN401  boto3 has no types
        self._client = client
        self._group = group

    def id_of_user(self, name: str) -> str | None:
        try:
            return str(self._client.get_user(UserName=name)["User"]["UserId"])
        except ClientError as error:
            _check_absent(error)
            return None

    def id_of_role(self, name: str) -> str | None:
        try:
            return str(self._client.get_role(RoleName=name)["Role"]["RoleId"])
        except ClientError as error:
            _check_absent(error)
            return None

    def join_group(self, user: IamIdentity) -> None:
        try:
            self._client.add_user_to_group(GroupName=self._group, UserName=user.name)
        except ClientError as error:
            _check_absent(error)
            # The user was found a moment ago: it is the group that setup hasn't made yet.
            raise Refusal(Reason.NOT_SET_UP, missing=self._group) from error

    def leave_group(self, user: IamIdentity) -> None:
        try:
            self._client.remove_user_from_group(GroupName=self._group, UserName=user.name)
        except ClientError as error:
            _check_absent(error)


def _check_absent(error: ClientError) -> None:
    """Raise what isn't just IAM's word for something that it doesn't have."""
    if code(error) != _ABSENT:
        raise error if is_passing(error) else refused(error) from error
