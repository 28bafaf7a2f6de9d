"""Members' IAM identities on IAM's API: ids, and the one group."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from sshq.domain.members import IamIdentity, IamKind
from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from sshq.composition import Live
    from tests.core_aws import CoreAws


def members_of(aws: CoreAws, group: str) -> list[str]:
    found = aws.client("iam").get_group(GroupName=group)["Users"]
    return [user["UserName"] for user in found]


def test_a_user_is_found_by_name_joins_once_and_leaves_once(aws: CoreAws, live: Live) -> None:
    iam, group = aws.client("iam"), live.settings.group
    iam.create_group(GroupName=group)
    user_id = iam.create_user(UserName="ida", Path="/people/")["User"]["UserId"]

    found = live.identities.id_of_user("ida")
    ida = IamIdentity(kind=IamKind.USER, name="ida", user_id=found or "")
    for _ in range(2):
        live.identities.join_group(ida)
    joined = members_of(aws, group)
    for _ in range(2):
        live.identities.leave_group(ida)

    assert found == user_id
    assert joined == ["ida"]
    assert members_of(aws, group) == []


def test_a_role_is_found_by_name(aws: CoreAws, live: Live) -> None:
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    made = aws.client("iam").create_role(RoleName="idas-role", AssumeRolePolicyDocument=trust)

    assert live.identities.id_of_role("idas-role") == made["Role"]["RoleId"]


def test_what_iam_does_not_have_is_none_and_what_it_refuses_is_a_refusal(
    aws: CoreAws, live: Live
) -> None:
    assert live.identities.id_of_user("nobody") is None
    assert live.identities.id_of_role("nothing") is None
    aws.fault("GetUser", "denial")
    with pytest.raises(Refusal) as refused:
        live.identities.id_of_user("ida")
    assert refused.value.reason is Reason.REFUSED_BY_AWS


def test_a_group_that_setup_has_not_made_is_named(aws: CoreAws) -> None:
    aws.client("iam").create_user(UserName="zoe")
    zoe = IamIdentity(kind=IamKind.USER, name="zoe", user_id="AIDAZOE")
    live = aws.live(group="not-made-yet")

    with pytest.raises(Refusal) as refused:
        live.identities.join_group(zoe)
    live.identities.leave_group(zoe)

    assert refused.value.reason is Reason.NOT_SET_UP
    assert refused.value.facts["missing"] == "not-made-yet"
