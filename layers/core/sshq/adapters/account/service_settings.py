"""SSM's service settings: they hold for the whole account and region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sshq.adapters.account.part import Spec
    from sshq.domain.setup_plan import Change


class ServiceSettings:
    """A Part."""

    def __init__(self, ssm: Any) -> None:  # noqa: ANN401  boto3 has no types
        self._ssm = ssm

    def read(self, name: str) -> Spec:
        found = self._ssm.get_service_setting(SettingId=name)
        return {"value": found["ServiceSetting"]["SettingValue"]}

    def write(self, change: Change) -> None:
        self._ssm.update_service_setting(
            SettingId=change.resource.name, SettingValue=change.resource.spec["value"]
        )

    def delete(self, name: str) -> None:
        self._ssm.reset_service_setting(SettingId=name)
