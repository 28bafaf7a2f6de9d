"""SendCommand to hybrid nodes, GetCommandInvocation, ListCommandInvocations."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sshq_sandbox.ports import CommandRequest
from sshq_sandbox.ssm_service.documents import resolved_parameters
from sshq_sandbox.ssm_service.errors import NotHybridError, SsmError
from sshq_sandbox.ssm_service.pages import page
from sshq_sandbox.ssm_service.state import Command, Invocation

if TYPE_CHECKING:
    from collections.abc import Callable

    from sshq_sandbox.ports import CommandResult
    from sshq_sandbox.ssm_service.state import Call, Document, Node, SsmState

DEFAULT_TIMEOUT_SECONDS = 3600
_PENDING = ("Pending", "InProgress")
_STDOUT_LIMIT = 24000
_STDERR_LIMIT = 8000
_LIST_LIMIT = 2500


def send_command(state: SsmState, call: Call) -> dict[str, Any]:
    """Runs on each node at once; the invocation tells how it went."""
    node_ids = call.params.get("InstanceIds") or []
    targets = call.params.get("Targets") or []
    if any(not node_id.startswith("mi-") for node_id in node_ids):
        raise NotHybridError
    if bool(node_ids) == bool(targets):
        raise SsmError("ValidationException", "Give either InstanceIds or Targets.")
    if len(set(node_ids)) != len(node_ids):
        raise SsmError("DuplicateInstanceId", "An instance ID was given twice.")
    document = _command_document(state, call)
    parameters = resolved_parameters(document.content, call.params.get("Parameters", {}))
    nodes = _nodes(state, call, node_ids) if node_ids else _targeted(state, call, targets)
    timeout = call.params.get("TimeoutSeconds", DEFAULT_TIMEOUT_SECONDS)
    now = state.now()
    command = Command(
        id=str(uuid.UUID(hex=state.new_id(32), version=4)),
        account=call.account,
        region=call.region,
        document_name=document.name,
        document_version=document.version,
        plugin_name=_step(document).get("name", "aws:runShellScript"),
        parameters=parameters,
        comment=call.params.get("Comment", ""),
        requested=now,
        expires=now + timedelta(seconds=timeout),
        timeout_seconds=timeout,
        targets=targets,
        invocations={node.id: Invocation(node.id, status="InProgress") for node in nodes},
    )
    state.commands[command.id] = command
    for node in nodes:
        state.service.send_command(
            CommandRequest(
                command_id=command.id,
                node_id=node.id,
                document_name=document.name,
                document_content=document.content,
                parameters=parameters,
                on_result=_recorder(state, command.invocations[node.id]),
            )
        )
    return {"Command": _described(command)}


def get_command_invocation(state: SsmState, call: Call) -> dict[str, Any]:
    command = state.commands.get(call.params["CommandId"])
    if command is None or (command.account, command.region) != (call.account, call.region):
        raise NotHybridError
    invocation = command.invocations.get(call.params["InstanceId"])
    if invocation is None:
        raise SsmError("InvocationDoesNotExist", "The command was not sent to this instance.")
    plugin = call.params.get("PluginName")
    if plugin not in (None, command.plugin_name):
        raise SsmError("InvalidPluginName", f"The document has no step {plugin}.")
    _expire(state, command, invocation)
    ended = invocation.ended
    return {
        "CommandId": command.id,
        "InstanceId": invocation.node_id,
        "Comment": command.comment,
        "DocumentName": command.document_name,
        "DocumentVersion": command.document_version,
        "PluginName": command.plugin_name,
        "ResponseCode": invocation.exit_code,
        "ExecutionStartDateTime": command.requested.isoformat(),
        "ExecutionElapsedTime": f"PT{(ended - command.requested).total_seconds()}S"
        if ended
        else "",
        "ExecutionEndDateTime": ended.isoformat() if ended else "",
        "Status": invocation.status,
        "StatusDetails": invocation.status,
        "StandardOutputContent": invocation.stdout[:_STDOUT_LIMIT],
        "StandardOutputUrl": "",
        "StandardErrorContent": invocation.stderr[:_STDERR_LIMIT],
        "StandardErrorUrl": "",
    }


def list_command_invocations(state: SsmState, call: Call) -> dict[str, Any]:
    """Newest first. `Details` adds each step with the beginning of its output."""
    found = []
    for command in reversed(state.commands.values()):
        if (command.account, command.region) != (call.account, call.region):
            continue
        if call.params.get("CommandId") not in (None, command.id):
            continue
        for invocation in command.invocations.values():
            _expire(state, command, invocation)
            if call.params.get("InstanceId") in (None, invocation.node_id) and all(
                _matches(command, invocation, item["key"], item["value"])
                for item in call.params.get("Filters", [])
            ):
                found.append((command, invocation))
    details = bool(call.params.get("Details"))
    shown, following = page(found, call.params, lambda pair: f"{pair[0].id}/{pair[1].node_id}")
    return {"CommandInvocations": [_listed(*pair, details) for pair in shown], **following}


def _command_document(state: SsmState, call: Call) -> Document:
    name = call.params["DocumentName"]
    document = state.neighbours.document(call, name, call.params.get("DocumentVersion"))
    if document is None or document.document_type != "Command":
        raise SsmError("InvalidDocument", f"Document {name} is no Command document here.")
    steps = document.content.get("mainSteps") or []
    if len(steps) != 1 or steps[0].get("action") != "aws:runShellScript":
        raise SsmError("InvalidDocument", "The sandbox runs documents of one aws:runShellScript.")
    return document


def _step(document: Document) -> dict[str, Any]:
    step: dict[str, Any] = document.content["mainSteps"][0]
    return step


def _nodes(state: SsmState, call: Call, node_ids: list[str]) -> list[Node]:
    found = {node_id: state.node_of(call, node_id) for node_id in node_ids}
    nodes = [node for node in found.values() if node and state.service.is_connected(node.id)]
    if len(nodes) != len(node_ids):
        ready = {node.id for node in nodes}
        bad = ", ".join(node_id for node_id in node_ids if node_id not in ready)
        raise SsmError(
            "InvalidInstanceId",
            f"Instances [[{bad}]] not in a valid state for account {call.account}",
        )
    return nodes


def _targeted(state: SsmState, call: Call, targets: list[dict[str, Any]]) -> list[Node]:
    """Targets that match nothing are no error: the command has no invocation."""
    for target in targets:
        key = target.get("Key", "")
        if key != "InstanceIds" and not key.startswith("tag:"):
            raise NotHybridError
    return [
        node
        for node in state.nodes.values()
        if (node.account, node.region) == (call.account, call.region)
        and state.service.is_connected(node.id)
        and all(_is_target(node, target) for target in targets)
    ]


def _is_target(node: Node, target: dict[str, Any]) -> bool:
    key, values = target["Key"], target.get("Values", [])
    actual = node.id if key == "InstanceIds" else node.tags.get(key.removeprefix("tag:"))
    return actual in values


def _recorder(state: SsmState, invocation: Invocation) -> Callable[[CommandResult], None]:
    def record(result: CommandResult) -> None:
        with state.lock:
            if invocation.status not in _PENDING:
                return
            invocation.status = result.status
            invocation.exit_code = result.exit_code
            invocation.stdout = result.stdout
            invocation.stderr = result.stderr
            invocation.ended = state.now()

    return record


def _expire(state: SsmState, command: Command, invocation: Invocation) -> None:
    """A node that vanished never answers: its invocation times out."""
    if invocation.status in _PENDING and state.now() > command.expires:
        invocation.status = "TimedOut"
        invocation.ended = command.expires


def _matches(command: Command, invocation: Invocation, key: str, value: str) -> bool:
    if key == "Status":
        return invocation.status == value
    if key == "DocumentName":
        return command.document_name == value
    raise SsmError("InvalidFilterKey", f"The sandbox can't filter invocations by {key}.")


def _described(command: Command) -> dict[str, Any]:
    statuses = [invocation.status for invocation in command.invocations.values()]
    return {
        "CommandId": command.id,
        "DocumentName": command.document_name,
        "DocumentVersion": command.document_version,
        "Comment": command.comment,
        "ExpiresAfter": command.expires,
        "Parameters": command.parameters,
        "InstanceIds": list(command.invocations),
        "Targets": command.targets,
        "RequestedDateTime": command.requested,
        "Status": "Pending",
        "StatusDetails": "Pending",
        "TargetCount": len(statuses),
        "CompletedCount": sum(status not in _PENDING for status in statuses),
        "ErrorCount": sum(status in ("Failed", "TimedOut") for status in statuses),
        "DeliveryTimedOutCount": 0,
        "TimeoutSeconds": command.timeout_seconds,
    }


def _listed(command: Command, invocation: Invocation, details: bool) -> dict[str, Any]:
    listed: dict[str, Any] = {
        "CommandId": command.id,
        "InstanceId": invocation.node_id,
        "Comment": command.comment,
        "DocumentName": command.document_name,
        "DocumentVersion": command.document_version,
        "RequestedDateTime": command.requested,
        "Status": invocation.status,
        "StatusDetails": invocation.status,
        "CommandPlugins": [],
    }
    if details:
        plugin = {
            "Name": command.plugin_name,
            "Status": invocation.status,
            "StatusDetails": invocation.status,
            "ResponseCode": invocation.exit_code,
            "ResponseStartDateTime": command.requested,
            "Output": (invocation.stdout + invocation.stderr)[:_LIST_LIMIT],
        }
        if invocation.ended:
            plugin["ResponseFinishDateTime"] = invocation.ended
        listed["CommandPlugins"] = [plugin]
    return listed
