"""Teaching moto the operations of SSM that sshq's path needs."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from sshq_sandbox.aws.patches import Patches
from sshq_sandbox.ssm_service import (
    activations,
    commands,
    inventory,
    registration,
    sessions,
    settings,
)
from sshq_sandbox.ssm_service.constraints import check
from sshq_sandbox.ssm_service.errors import NotHybridError, SsmError
from sshq_sandbox.ssm_service.moto_backends import MotoBackends, with_built_in_documents
from sshq_sandbox.ssm_service.state import Call, SsmState, utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sshq_sandbox.aws.targets import TargetHandler
    from sshq_sandbox.ssm_service.message_service import SsmMessageService

    Operation = Callable[[SsmState, Call], dict[str, Any]]

OPERATIONS: dict[str, Operation] = {
    "CreateActivation": activations.create_activation,
    "DescribeActivations": activations.describe_activations,
    "DeleteActivation": activations.delete_activation,
    "RequestManagedInstanceRoleToken": registration.request_managed_instance_role_token,
    "UpdateInstanceInformation": registration.update_instance_information,
    "ListInstanceAssociations": registration.list_instance_associations,
    "DescribeInstanceInformation": inventory.describe_instance_information,
    "GetConnectionStatus": inventory.get_connection_status,
    "DeregisterManagedInstance": inventory.deregister_managed_instance,
    "AddTagsToResource": inventory.add_tags_to_resource,
    "RemoveTagsFromResource": inventory.remove_tags_from_resource,
    "ListTagsForResource": inventory.list_tags_for_resource,
    "GetServiceSetting": settings.get_service_setting,
    "UpdateServiceSetting": settings.update_service_setting,
    "ResetServiceSetting": settings.reset_service_setting,
    "StartSession": sessions.start_session,
    "ResumeSession": sessions.resume_session,
    "TerminateSession": sessions.terminate_session,
    "DescribeSessions": sessions.describe_sessions,
    "SendCommand": commands.send_command,
    "GetCommandInvocation": commands.get_command_invocation,
    "ListCommandInvocations": commands.list_command_invocations,
}


class SsmExtensions:
    """What `install` did: `state` is what SSM remembers; `uninstall()` gives moto back as it
    was."""

    def __init__(self, state: SsmState, patches: Patches) -> None:
        self.state = state
        self._patches = patches

    def uninstall(self) -> None:
        self._patches.undo()


def install(
    message_service: SsmMessageService,
    *,
    add_target: Callable[[str, TargetHandler], None],
    now: Callable[[], datetime] = utc_now,
    new_id: Callable[[int], str] | None = None,
) -> SsmExtensions:
    """Patch moto's SSM, in this process, for `message_service`. Before or after the server starts.

    `add_target` is `AwsServer.add_target`. `now`: an aware time in UTC. `new_id(n)`: n random hex
    digits.
    """
    from moto.core.utils import camelcase_to_underscores  # noqa: PLC0415  (1 s: not at import)
    from moto.ssm.models import SimpleSystemManagerBackend  # noqa: PLC0415
    from moto.ssm.responses import SimpleSystemManagerResponse  # noqa: PLC0415

    state = SsmState(
        service=message_service,
        neighbours=MotoBackends(),
        now=now,
        new_id=new_id or (lambda digits: secrets.token_hex((digits + 1) // 2)[:digits]),
    )
    patches = Patches()
    for name, operation in OPERATIONS.items():
        method = camelcase_to_underscores(name)
        original = vars(SimpleSystemManagerResponse).get(method)
        patches.replace(
            SimpleSystemManagerResponse, method, _action(name, operation, state, original)
        )
    patches.replace(
        SimpleSystemManagerBackend,
        "_get_documents",
        with_built_in_documents(SimpleSystemManagerBackend._get_documents),  # noqa: SLF001
    )
    add_target("AmazonSSM.RegisterManagedInstance", _registration(state, message_service.url))
    message_service.observe(
        is_registered=state.is_registered,
        node_disconnected=state.node_disconnected,
        session_changed=state.session_changed,
    )
    return SsmExtensions(state, patches)


def _action(
    name: str, operation: Operation, state: SsmState, original: Callable[[Any], Any] | None
) -> Callable[[Any], Any]:
    from moto.core.responses import ActionResult  # noqa: PLC0415
    from moto.core.utils import get_service_model  # noqa: PLC0415

    model = get_service_model("ssm")
    shape = model.operation_model(name).input_shape if name in model.operation_names else None

    def action(response: Any) -> Any:  # noqa: ANN401
        try:
            call = _call(response)
            if shape is not None:
                check(shape, call.params)
            with state.lock:
                result = operation(state, call)
        except NotHybridError:
            if original is None:
                raise
            return original(response)
        except SsmError as error:
            return _refused(error)
        return ActionResult(result) if shape is not None else json.dumps(result)

    return action


def _refused(error: SsmError) -> tuple[int, dict[str, Any], str]:
    # Not by moto's exceptions: they warn of codes, like BadRequest, that botocore's model lacks.
    headers = {"status": 400, "x-amzn-ErrorType": error.code}
    return 400, headers, json.dumps({"__type": error.code, "message": error.message})


def _call(response: Any) -> Call:  # noqa: ANN401
    from moto.sts.models import sts_backends  # noqa: PLC0415

    _, caller_arn, _ = sts_backends[response.current_account][
        response.partition
    ].get_caller_identity(response.access_key, response.region)
    try:
        params = json.loads(response.body or "{}")
    except ValueError:
        raise SsmError("SerializationException", "The request is not JSON.") from None
    return Call(
        params=params,
        account=response.current_account,
        region=response.region,
        partition=response.partition,
        caller_arn=caller_arn,
        headers={name.lower(): value for name, value in response.headers.items()},
    )


def _registration(state: SsmState, endpoint: str) -> TargetHandler:
    def register(body: dict[str, Any], _headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        try:
            with state.lock:
                answer = registration.register_managed_instance(state, body)
        except SsmError as error:
            return 400, {"__type": error.code, "message": error.message}
        # AWS's agent has Mgs.Endpoint in a file of its image; the sandbox's is told here.
        return 200, {**answer, "SandboxMessageService": endpoint}

    return register
