"""Service settings: the advanced tier above all."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

TIER = "/ssm/managed-instance/activation-tier"
ARN = f"arn:aws:ssm:eu-west-1:123456789012:servicesetting{TIER}"


def test_the_tier_is_read_changed_and_reset(ssm: Any) -> None:
    before = ssm.get_service_setting(SettingId=TIER)["ServiceSetting"]
    assert (before["SettingValue"], before["Status"]) == ("standard", "Default")
    assert before["ARN"] == ARN

    ssm.update_service_setting(SettingId=ARN, SettingValue="advanced")
    changed = ssm.get_service_setting(SettingId=TIER)["ServiceSetting"]
    assert (changed["SettingValue"], changed["Status"]) == ("advanced", "Customized")
    assert changed["LastModifiedUser"].startswith("arn:aws:")

    reset = ssm.reset_service_setting(SettingId=TIER)["ServiceSetting"]
    assert (reset["SettingValue"], reset["Status"]) == ("standard", "Default")


def test_unknown_settings_and_values_are_refused(ssm: Any) -> None:
    with pytest.raises(ClientError) as unknown:
        ssm.get_service_setting(SettingId="/ssm/no-such/setting")
    assert unknown.value.response["Error"]["Code"] == "ServiceSettingNotFound"
    with pytest.raises(ClientError) as wrong:
        ssm.update_service_setting(SettingId=TIER, SettingValue="gold")
    assert wrong.value.response["Error"]["Code"] == "ValidationException"
