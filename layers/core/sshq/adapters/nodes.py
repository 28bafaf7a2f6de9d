"""SSM's hybrid nodes: activations, what registered under them, and the few verbs we ask of a node."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sshq.adapters.aws_errors import code, is_passing, refused
from sshq.adapters.new_roles import once_known
from sshq.domain.job_file import Activation
from sshq.domain.jobs import Node
from sshq.ports import OfAJob, RegisteredNode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sshq.ports import Clock

_PROBE_LOOKS = 10
_PROBE_PAUSE_SECONDS = 0.3
_UNDER_WAY = {"Pending", "InProgress", "Delayed"}
_NO_LONGER_THERE = {
    "InvalidInstanceId",
    "InvalidActivation",
    "InvalidActivationId",
    "InvalidResourceId",
}


class SsmNodes:
    """ports.Nodes. `client` is a boto3 SSM client."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401  boto3 has no types
        *,
        region: str,
        node_role: str,
        command_document: str,
        stack_tag: tuple[str, str],
        clock: Clock,
    ) -> None:
        self._client = client
        self._region = region
        self._node_role = node_role
        self._command_document = command_document
        self._stack_tag = stack_tag
        self._clock = clock

    def create_activation(
        self, *, job: str, limit: int, expires: datetime, tags: Mapping[str, str]
    ) -> Activation:
        try:
            made = once_known(
                lambda: self._client.create_activation(
                    Description=f"sshq {job}",
                    DefaultInstanceName=job,
                    IamRole=self._node_role,
                    RegistrationLimit=limit,
                    ExpirationDate=expires,
                    Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
                ),
                role=self._node_role,
                clock=self._clock,
            )
        except ClientError as error:
            if is_passing(error):
                raise
            raise refused(error) from error
        return Activation(id=made["ActivationId"], code=made["ActivationCode"], region=self._region)

    def delete_activation(self, activation: str) -> None:
        try:
            self._client.delete_activation(ActivationId=activation)
        except ClientError as error:
            if code(error) not in _NO_LONGER_THERE:
                raise

    def activations_of(self, job: str) -> list[str]:
        filters = [{"FilterKey": "DefaultInstanceName", "FilterValues": [job]}]
        pages = self._client.get_paginator("describe_activations").paginate(Filters=filters)
        return [found["ActivationId"] for page in pages for found in page["ActivationList"]]

    def registered(self, activation: str) -> list[RegisteredNode]:
        filters = [{"Key": "ActivationIds", "Values": [activation]}]
        pages = self._client.get_paginator("describe_instance_information").paginate(
            Filters=filters
        )
        return [
            RegisteredNode(
                id=found["InstanceId"],
                online=found["PingStatus"] == "Online",
                registered_at=self._registered_at(found),
            )
            for page in pages
            for found in page["InstanceInformationList"]
        ]

    def is_connected(self, node: str) -> bool:
        found = self._client.get_connection_status(Target=node)
        return bool(found["Status"] == "connected")

    def probe(self, node: str) -> Node | None:
        answer = self._ask(node, "probe", "0")
        if answer is None:
            return None
        try:
            facts = json.loads(answer)
            return Node(
                rank=facts["rank"],
                id=node,
                host_keys=tuple(facts["host_keys"]),
                login_user=facts["login_user"],
            )
        except (ValueError, KeyError, TypeError):
            return None

    def tell(self, node: str, verb: str, argument: str = "0") -> bool:
        return self._ask(node, verb, argument) is not None

    def deregister(self, node: str) -> None:
        """Only what bears this stack's tag is touched; a node that is gone is gone already."""
        try:
            found = self._client.list_tags_for_resource(
                ResourceType="ManagedInstance", ResourceId=node
            )["TagList"]
            key, value = self._stack_tag
            if {"Key": key, "Value": value} in found:
                self._client.deregister_managed_instance(InstanceId=node)
        except ClientError as error:
            if code(error) not in _NO_LONGER_THERE:
                raise

    def all_activations(self) -> list[OfAJob]:
        filters = [{"FilterKey": "IamRole", "FilterValues": [self._node_role]}]
        pages = self._client.get_paginator("describe_activations").paginate(Filters=filters)
        key, value = self._stack_tag
        return [
            OfAJob(
                found["ActivationId"], found.get("DefaultInstanceName", ""), found["CreatedDate"]
            )
            for page in pages
            for found in page["ActivationList"]
            if {"Key": key, "Value": value} in found.get("Tags", [])
        ]

    def all_nodes(self) -> list[OfAJob]:
        key, value = self._stack_tag
        pages = self._client.get_paginator("describe_instance_information").paginate(
            Filters=[{"Key": f"tag:{key}", "Values": [value]}]
        )
        return [
            OfAJob(
                id=found["InstanceId"],
                job=found.get("Name", ""),
                made_at=self._registered_at(found),
                online=found["PingStatus"] == "Online",
            )
            for page in pages
            for found in page["InstanceInformationList"]
        ]

    def _registered_at(self, found: Mapping[str, Any]) -> datetime:
        """AWS promises no field of its answers; a node without a date is neither early nor old."""
        at: datetime = found.get("RegistrationDate", self._clock.now())
        return at

    def _ask(self, node: str, verb: str, argument: str) -> str | None:
        """Run one verb of our command document; its standard output if it ended well and soon."""
        try:
            sent = self._client.send_command(
                InstanceIds=[node],
                DocumentName=self._command_document,
                Parameters={"verb": [verb], "argument": [argument]},
                TimeoutSeconds=30,
            )
        except ClientError as error:
            if code(error) in _NO_LONGER_THERE:
                return None
            raise
        command = sent["Command"]["CommandId"]
        for _ in range(_PROBE_LOOKS):
            found = self._invocation(command, node)
            if found is not None and found["Status"] not in _UNDER_WAY:
                return found["StandardOutputContent"] if found["Status"] == "Success" else None
            self._clock.sleep(_PROBE_PAUSE_SECONDS)
        return None

    def _invocation(self, command: str, node: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._client.get_command_invocation(
                CommandId=command, InstanceId=node
            )
        except ClientError as error:
            # SSM knows the invocation only a moment after SendCommand.
            if code(error) == "InvocationDoesNotExist":
                return None
            raise
        return found
