"""DescribeInstanceInformation, GetConnectionStatus, DeregisterManagedInstance and tags on nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sshq_sandbox.ssm_service.activations import checked_tags
from sshq_sandbox.ssm_service.errors import NotHybridError, SsmError
from sshq_sandbox.ssm_service.pages import page

if TYPE_CHECKING:
    from sshq_sandbox.ssm_service.state import Call, Node, SsmState

_FILTER_KEYS = (
    "InstanceIds",
    "AgentVersion",
    "PingStatus",
    "PlatformTypes",
    "ActivationIds",
    "IamRole",
    "ResourceType",
    "AssociationStatus",
)


def describe_instance_information(state: SsmState, call: Call) -> dict[str, Any]:
    wanted = _filters(call)
    found = [
        node
        for node in state.nodes.values()
        if (node.account, node.region) == (call.account, call.region)
        and all(_matches(state, node, key, values) for key, values in wanted)
    ]
    shown, following = page(found, call.params, lambda node: node.id)
    return {"InstanceInformationList": [_described(state, node) for node in shown], **following}


def get_connection_status(state: SsmState, call: Call) -> dict[str, Any]:
    target = call.params["Target"]
    connected = state.node_of(call, target) is not None and state.service.is_connected(target)
    return {"Target": target, "Status": "connected" if connected else "notconnected"}


def deregister_managed_instance(state: SsmState, call: Call) -> dict[str, Any]:
    """Its channels close at once; the agent can't come back."""
    node = state.node_of(call, call.params["InstanceId"])
    if node is None:
        raise SsmError("InvalidInstanceId", f"{call.params['InstanceId']} is not registered.")
    del state.nodes[node.id]
    state.service.disconnect_node(node.id)
    return {}


def add_tags_to_resource(state: SsmState, call: Call) -> dict[str, Any]:
    node = _tagged_node(state, call)
    tags = node.tags | checked_tags(call.params["Tags"])
    if len(tags) > 50:
        raise SsmError("TooManyTagsError", "A resource can have at most 50 tags.")
    node.tags = tags
    return {}


def remove_tags_from_resource(state: SsmState, call: Call) -> dict[str, Any]:
    node = _tagged_node(state, call)
    for key in call.params["TagKeys"]:
        node.tags.pop(key, None)
    return {}


def list_tags_for_resource(state: SsmState, call: Call) -> dict[str, Any]:
    node = _tagged_node(state, call)
    return {"TagList": [{"Key": key, "Value": value} for key, value in node.tags.items()]}


def _tagged_node(state: SsmState, call: Call) -> Node:
    if call.params.get("ResourceType") != "ManagedInstance":
        raise NotHybridError
    node = state.node_of(call, call.params["ResourceId"])
    if node is None:
        raise SsmError("InvalidResourceId", "The resource ID is not valid.")
    return node


def _filters(call: Call) -> list[tuple[str, list[str]]]:
    old = [(item["key"], item["valueSet"]) for item in _list(call, "InstanceInformationFilterList")]
    new = [(item["Key"], item["Values"]) for item in _list(call, "Filters")]
    if old and new:
        raise SsmError(
            "ValidationException", "Use either Filters or InstanceInformationFilterList, not both."
        )
    wanted = old or new
    tags = [key for key, _ in wanted if key.startswith("tag")]
    if tags and len(wanted) > 1:
        raise SsmError("ValidationException", "A tag filter can't be combined with other filters.")
    for key, _ in wanted:
        if key not in _FILTER_KEYS and key != "tag-key" and not key.startswith("tag:"):
            raise SsmError("InvalidFilterKey", f"The filter key {key} is not valid.")
    for key, values in wanted:
        if key == "PingStatus" and not set(values) <= {"Online", "ConnectionLost", "Inactive"}:
            raise SsmError(
                "InvalidInstanceInformationFilterValue", f"{values} are no values of {key}."
            )
    return wanted


def _list(call: Call, name: str) -> list[dict[str, Any]]:
    value = call.params.get(name)
    return value if isinstance(value, list) else []


def _matches(state: SsmState, node: Node, key: str, values: list[str]) -> bool:
    if key == "tag-key":
        return any(value in node.tags for value in values)
    if key.startswith("tag:"):
        return node.tags.get(key[4:]) in values
    actual = {
        "InstanceIds": node.id,
        "AgentVersion": node.information.get("AgentVersion"),
        "PingStatus": _ping_status(state, node),
        "PlatformTypes": node.information.get("PlatformType"),
        "ActivationIds": node.activation_id,
        "IamRole": node.iam_role,
        "ResourceType": "ManagedInstance",
    }.get(key)
    return actual in values


def _described(state: SsmState, node: Node) -> dict[str, Any]:
    described = {
        "InstanceId": node.id,
        "PingStatus": _ping_status(state, node),
        "LastPingDateTime": node.last_ping or node.registered,
        "AgentVersion": node.information.get("AgentVersion"),
        "IsLatestVersion": False,
        "PlatformType": node.information.get("PlatformType"),
        "PlatformName": node.information.get("PlatformName"),
        "PlatformVersion": node.information.get("PlatformVersion"),
        "ActivationId": node.activation_id,
        "IamRole": node.iam_role,
        "RegistrationDate": node.registered,
        "ResourceType": "ManagedInstance",
        "Name": node.name,
        "IPAddress": node.information.get("IPAddress"),
        "ComputerName": node.information.get("ComputerName"),
    }
    return {name: value for name, value in described.items() if value is not None}


def _ping_status(state: SsmState, node: Node) -> str:
    return node.ping_status(state.now(), connected=state.service.is_connected(node.id))
