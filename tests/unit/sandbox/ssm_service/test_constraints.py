from __future__ import annotations

from typing import Any

import pytest
from botocore.session import get_session

from sshq_sandbox.ssm_service.constraints import check
from sshq_sandbox.ssm_service.errors import SsmError

MODEL = get_session().get_service_model("ssm")


def refusal(operation: str, params: dict[str, Any]) -> str:
    with pytest.raises(SsmError) as refused:
        check(MODEL.operation_model(operation).input_shape, params)
    assert refused.value.code == "ValidationException"
    return refused.value.message


def test_what_is_wrong_is_said_as_aws_says_it() -> None:
    assert refusal("DescribeInstanceInformation", {"MaxResults": 4}) == (
        "1 validation error detected: Value '4' at 'maxResults' failed to satisfy constraint: "
        "Member must have value greater than or equal to 5"
    )
    assert refusal("DescribeSessions", {"State": "Old", "Filters": []}) == (
        "2 validation errors detected: Value 'Old' at 'state' failed to satisfy constraint: "
        "Member must satisfy enum value set: [Active, History]; Value '[]' at 'filters' failed "
        "to satisfy constraint: Member must have length greater than or equal to 1"
    )
    assert "Value null at 'target'" in refusal("GetConnectionStatus", {})
    tags = {"IamRole": "r", "Tags": [{"Key": "a?", "Value": "v"}]}
    assert "'tags.1.member.key'" in refusal("CreateActivation", tags)


def test_letters_of_all_languages_are_letters() -> None:
    tags = [{"Key": "équipe", "Value": "研究 7 +-=._:/@"}]
    check(MODEL.operation_model("CreateActivation").input_shape, {"IamRole": "r", "Tags": tags})
