"""What moto lets through and AWS refuses, outside training jobs and SSM."""

from __future__ import annotations

import inspect
import json
import re
import threading
from typing import TYPE_CHECKING, Any

from sshq_sandbox.aws.transactions import keep_what_a_transaction_touches

if TYPE_CHECKING:
    from sshq_sandbox.aws.patches import Patches

_ROLE_ARN = re.compile(r"arn:(aws[\w-]*):iam::(\d{12}):role/.+")


def install(patches: Patches) -> None:
    _refuse_to_delete_group_in_use(patches)
    _refuse_unknown_boundary(patches)
    _refuse_unknown_role(patches)
    _filter_log_events_by_prefix(patches)
    _take_loopback_for_tls(patches)
    keep_what_a_transaction_touches(patches)
    _answer_a_table_one_request_at_a_time(patches)
    _do_a_transaction_once(patches)


def _refuse_to_delete_group_in_use(patches: Patches) -> None:
    from moto.iam.exceptions import DeleteConflictException  # noqa: PLC0415  (slow)
    from moto.iam.models import IAMBackend  # noqa: PLC0415

    def delete_group(backend: Any, group_name: str) -> None:  # noqa: ANN401
        group = backend.groups.get(group_name)
        if group is not None:
            for left, what in (
                (group.users, "remove users from group"),
                (group.managed_policies, "detach all policies"),
                (group.policies, "delete policies"),
            ):
                if left:
                    raise DeleteConflictException(f"Cannot delete entity, must {what} first.")
        original(backend, group_name)

    original = patches.replace(IAMBackend, "delete_group", delete_group)


def _refuse_unknown_boundary(patches: Patches) -> None:
    from moto.iam.exceptions import NotFoundException  # noqa: PLC0415  (slow)
    from moto.iam.models import IAMBackend  # noqa: PLC0415

    def check(backend: Any, arn: str | None) -> None:  # noqa: ANN401
        if arn and arn.startswith("arn:") and arn not in backend.managed_policies:
            raise NotFoundException(f"Scope ARN: {arn} does not exist or is not attachable.")

    def create_role(backend: Any, *values: Any, **named: Any) -> Any:  # noqa: ANN401
        check(backend, signature.bind(backend, *values, **named).arguments["permissions_boundary"])
        return original_create(backend, *values, **named)

    def put_boundary(backend: Any, role_name: str, permissions_boundary: str) -> None:  # noqa: ANN401
        check(backend, permissions_boundary)
        original_put(backend, role_name, permissions_boundary)

    signature = inspect.signature(IAMBackend.create_role)
    original_create = patches.replace(IAMBackend, "create_role", create_role)
    original_put = patches.replace(IAMBackend, "put_role_permissions_boundary", put_boundary)


def _refuse_unknown_role(patches: Patches) -> None:
    from moto.iam.exceptions import NotFoundException  # noqa: PLC0415  (slow)
    from moto.iam.models import iam_backends  # noqa: PLC0415
    from moto.sts.exceptions import STSClientError  # noqa: PLC0415
    from moto.sts.models import STSBackend  # noqa: PLC0415

    def exists(arn: str) -> bool:
        found = _ROLE_ARN.fullmatch(arn)
        if found is None:
            return False
        try:
            iam_backends[found[2]][found[1]].get_role_by_arn(arn)
        except NotFoundException:
            return False
        return True

    def assume_role(backend: Any, **request: Any) -> Any:  # noqa: ANN401
        arn = request["role_arn"]
        if not exists(arn):
            message = f"User is not authorized to perform: sts:AssumeRole on resource: {arn}"
            raise STSClientError("AccessDenied", message)
        return original(backend, **request)

    original = patches.replace(STSBackend, "assume_role", assume_role)


def _filter_log_events_by_prefix(patches: Patches) -> None:
    from moto.logs.responses import LogsResponse  # noqa: PLC0415  (slow)

    def filter_log_events(response: Any) -> Any:  # noqa: ANN401
        request = json.loads(response.body)
        prefix = request.get("logStreamNamePrefix")
        group = response.logs_backend.groups.get(request.get("logGroupName"))
        if prefix and group is not None:
            names = [name for name in group.streams if name.startswith(prefix)]
            # moto takes no names for all streams: a name that no stream can have gives none.
            request["logStreamNames"] = names or [":"]
            response.body = json.dumps(request)
        return original(response)

    original = patches.replace(LogsResponse, "filter_log_events", filter_log_events)


def _take_loopback_for_tls(patches: Patches) -> None:
    """moto ignores conditions: a bucket policy that denies what isn't TLS would deny everything."""
    from moto.iam.access_control import IAMPolicy, PermissionResult  # noqa: PLC0415  (slow)
    from moto.s3.models import FakeBucket  # noqa: PLC0415

    def get_permission(bucket: Any, action: str, resource: str) -> Any:  # noqa: ANN401
        if bucket.policy is None:
            return PermissionResult.NEUTRAL
        policy = json.loads(bucket.policy)
        policy["Statement"] = [each for each in policy["Statement"] if not _is_against_http(each)]
        return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)

    patches.replace(FakeBucket, "get_permission", get_permission)


def _answer_a_table_one_request_at_a_time(patches: Patches) -> None:
    """moto checks, then writes, and takes back: of two requests at once, on two threads, both may win.

    Reads wait, too, or they show what a transaction is about to take back. In a request's answer are
    moto's own items until it is serialised, hence the lock around all of it.
    """
    from moto.dynamodb.responses import DynamoHandler  # noqa: PLC0415  (slow)

    lock = threading.Lock()

    def call_action(handler: Any) -> Any:  # noqa: ANN401
        with lock:
            return original(handler)

    original = patches.replace(DynamoHandler, "call_action", call_action)


def _do_a_transaction_once(patches: Patches) -> None:
    """A transaction that comes again with its token (its answer was lost) has been done already."""
    from moto.dynamodb.responses import DynamoHandler  # noqa: PLC0415  (slow)

    done: dict[str, Any] = {}

    def transact_write_items(handler: Any) -> Any:  # noqa: ANN401
        token = handler.body.get("ClientRequestToken")
        if token not in done:
            done[token] = original(handler)
        return done[token]

    original = patches.replace(DynamoHandler, "transact_write_items", transact_write_items)


def _is_against_http(statement: dict[str, Any]) -> bool:
    return bool(
        statement.get("Effect") == "Deny"
        and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
    )
