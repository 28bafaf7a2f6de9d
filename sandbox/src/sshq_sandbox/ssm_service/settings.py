"""GetServiceSetting, UpdateServiceSetting, ResetServiceSetting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sshq_sandbox.ssm_service.errors import SsmError
from sshq_sandbox.ssm_service.state import Setting

if TYPE_CHECKING:
    from sshq_sandbox.ssm_service.state import Call, SsmState

ACTIVATION_TIER = "/ssm/managed-instance/activation-tier"
LARGEST_STANDARD_TIER = 1000
"""Hybrid nodes in an account and region above which the tier can't be reverted."""

_DEFAULTS = {
    ACTIVATION_TIER: "standard",
    "/ssm/parameter-store/default-parameter-tier": "Standard",
    "/ssm/parameter-store/high-throughput-enabled": "false",
    "/ssm/documents/console/public-sharing-permission": "Enable",
}
_VALUES = {
    ACTIVATION_TIER: ("standard", "advanced"),
    "/ssm/parameter-store/default-parameter-tier": ("Standard", "Advanced", "Intelligent-Tiering"),
    "/ssm/parameter-store/high-throughput-enabled": ("true", "false"),
    "/ssm/documents/console/public-sharing-permission": ("Enable", "Disable"),
}


def get_service_setting(state: SsmState, call: Call) -> dict[str, Any]:
    return {"ServiceSetting": _described(state, call, _setting_id(call))}


def update_service_setting(state: SsmState, call: Call) -> dict[str, Any]:
    setting_id = _setting_id(call)
    value = call.params["SettingValue"]
    if value not in _VALUES[setting_id]:
        allowed = ", ".join(_VALUES[setting_id])
        raise SsmError("ValidationException", f"{value} is not one of: {allowed}")
    _refuse_reverting(state, call, setting_id, value)
    setting = Setting(value=value, modified=state.now(), user=call.caller_arn)
    state.settings[call.account, call.region, setting_id] = setting
    return {}


def reset_service_setting(state: SsmState, call: Call) -> dict[str, Any]:
    setting_id = _setting_id(call)
    _refuse_reverting(state, call, setting_id, _DEFAULTS[setting_id])
    state.settings.pop((call.account, call.region, setting_id), None)
    return {"ServiceSetting": _described(state, call, setting_id)}


def has_advanced_tier(state: SsmState, call: Call) -> bool:
    setting = state.settings.get((call.account, call.region, ACTIVATION_TIER))
    return setting is not None and setting.value == "advanced"


def _setting_id(call: Call) -> str:
    given = str(call.params["SettingId"])
    # arn:aws:ssm:<region>:<account>:servicesetting/ssm/…
    setting_id = given.partition(":servicesetting")[2] if given.startswith("arn:") else given
    if setting_id not in _DEFAULTS:
        raise SsmError("ServiceSettingNotFound", f"The service setting {given} was not found.")
    return setting_id


def _refuse_reverting(state: SsmState, call: Call, setting_id: str, value: str) -> None:
    if setting_id != ACTIVATION_TIER or value != "standard":
        return
    here = (call.account, call.region)
    nodes = sum(1 for node in state.nodes.values() if (node.account, node.region) == here)
    if nodes > LARGEST_STANDARD_TIER:
        raise SsmError(
            "ValidationException",
            f"The standard tier holds {LARGEST_STANDARD_TIER} hybrid nodes; there are {nodes}.",
        )


def _described(state: SsmState, call: Call, setting_id: str) -> dict[str, Any]:
    setting = state.settings.get((call.account, call.region, setting_id))
    described: dict[str, Any] = {
        "SettingId": setting_id,
        "SettingValue": setting.value if setting else _DEFAULTS[setting_id],
        "LastModifiedUser": setting.user if setting else "System",
        "ARN": f"arn:{call.partition}:ssm:{call.region}:{call.account}:servicesetting{setting_id}",
        "Status": "Customized" if setting else "Default",
    }
    if setting:
        described["LastModifiedDate"] = setting.modified
    return described
