"""CreateActivation, DescribeActivations, DeleteActivation."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sshq_sandbox.ssm_service.errors import SsmError
from sshq_sandbox.ssm_service.pages import page
from sshq_sandbox.ssm_service.state import Activation

if TYPE_CHECKING:
    from sshq_sandbox.ssm_service.state import Call, SsmState

DEFAULT_LIFETIME = timedelta(hours=24)
LONGEST_LIFETIME = timedelta(days=30)


def create_activation(state: SsmState, call: Call) -> dict[str, Any]:
    role = call.params["IamRole"]
    if state.neighbours.role_arn_trusting_ssm(call.account, call.partition, role) is None:
        arn = f"arn:{call.partition}:iam::{call.account}:role/{role}"
        raise SsmError(
            "ValidationException",
            f"Nonexistent role or missing ssm service principal in trust policy: {arn}",
        )
    now = state.now()
    activation = Activation(
        id=str(uuid.UUID(hex=state.new_id(32), version=4)),
        code=state.new_id(20),
        account=call.account,
        region=call.region,
        iam_role=role,
        limit=call.params.get("RegistrationLimit", 1),
        expires=_expiration(call, now),
        created=now,
        description=call.params.get("Description"),
        default_instance_name=call.params.get("DefaultInstanceName"),
        tags=checked_tags(call.params.get("Tags", [])),
    )
    state.activations[activation.id] = activation
    return {"ActivationId": activation.id, "ActivationCode": activation.code}


def describe_activations(state: SsmState, call: Call) -> dict[str, Any]:
    found = [
        activation
        for activation in state.activations.values()
        if (activation.account, activation.region) == (call.account, call.region)
        and all(_matches(activation, item) for item in call.params.get("Filters", []))
    ]
    shown, following = page(found, call.params, lambda activation: activation.id)
    now = state.now()
    return {"ActivationList": [_described(each, now) for each in shown], **following}


def delete_activation(state: SsmState, call: Call) -> dict[str, Any]:
    activation = state.activations.get(call.params["ActivationId"])
    if activation is None or (activation.account, activation.region) != (call.account, call.region):
        raise SsmError("InvalidActivation", "The activation ID is not valid.")
    del state.activations[activation.id]
    return {}


def checked_tags(tags: list[dict[str, str]]) -> dict[str, str]:
    """Raises SsmError for AWS's reserved prefix, a key given twice, and more than 50 of them."""
    keys = [tag["Key"] for tag in tags]
    if any(key.lower().startswith("aws:") for key in keys):
        raise SsmError("ValidationException", "Tag keys can't begin with aws:, which is reserved.")
    if len(set(keys)) != len(keys):
        raise SsmError("ValidationException", "Duplicate tag keys found.")
    if len(keys) > 50:
        raise SsmError("ValidationException", "A resource can have at most 50 tags.")
    return {tag["Key"]: tag["Value"] for tag in tags}


def _expiration(call: Call, now: datetime) -> datetime:
    given = call.params.get("ExpirationDate")
    if given is None:
        return now + DEFAULT_LIFETIME
    expires = datetime.fromtimestamp(float(given), UTC)
    if expires <= now:
        raise SsmError("ValidationException", "The expiration date is in the past.")
    if expires > now + LONGEST_LIFETIME:
        raise SsmError("ValidationException", "The expiration date is more than 30 days away.")
    return expires


def _matches(activation: Activation, item: dict[str, Any]) -> bool:
    values = item.get("FilterValues", [])
    actual = {
        "ActivationIds": activation.id,
        "DefaultInstanceName": activation.default_instance_name,
        "IamRole": activation.iam_role,
    }
    key = item.get("FilterKey", "")
    if key not in actual:
        raise SsmError("InvalidFilter", f"The filter key {key} is not valid.")
    return actual[key] in values


def _described(activation: Activation, now: datetime) -> dict[str, Any]:
    described = {
        "ActivationId": activation.id,
        "Description": activation.description,
        "DefaultInstanceName": activation.default_instance_name,
        "IamRole": activation.iam_role,
        "RegistrationLimit": activation.limit,
        "RegistrationsCount": activation.registrations,
        "ExpirationDate": activation.expires,
        "Expired": activation.expires <= now,
        "CreatedDate": activation.created,
        "Tags": [{"Key": key, "Value": value} for key, value in activation.tags.items()],
    }
    return {name: value for name, value in described.items() if value is not None}
