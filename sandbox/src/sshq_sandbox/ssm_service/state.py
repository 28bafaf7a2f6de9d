"""What the sandbox's SSM remembers, and what it asks of its neighbours."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sshq_sandbox.ports import MessageService

PING_LIFETIME = timedelta(minutes=5)
"""A node without a control channel that hasn't pinged for so long is ConnectionLost.

One whose control channel has closed is so at once; one whose channel is open stays Online, however
far a test moves the clock between two pings.
"""


@dataclass(frozen=True)
class Call:
    """One API call. `headers` have lower-case names."""

    params: Mapping[str, Any]
    account: str
    region: str
    partition: str
    caller_arn: str
    headers: Mapping[str, str]


@dataclass
class Activation:
    id: str
    code: str
    account: str
    region: str
    iam_role: str
    limit: int
    expires: datetime
    created: datetime
    description: str | None
    default_instance_name: str | None
    tags: dict[str, str]
    registrations: int = 0


@dataclass
class Node:
    """A hybrid node. `information` is what its agent last told of itself."""

    id: str
    account: str
    region: str
    activation_id: str
    iam_role: str
    role_arn: str
    public_key: str
    registered: datetime
    name: str | None
    tags: dict[str, str]
    information: dict[str, str] = field(default_factory=dict)
    last_ping: datetime | None = None
    lost: bool = False

    def ping_status(self, now: datetime, *, connected: bool) -> str:
        if self.last_ping is None or self.lost:
            return "ConnectionLost"
        silent = now - self.last_ping > PING_LIFETIME
        return "ConnectionLost" if silent and not connected else "Online"


@dataclass
class Session:
    id: str
    account: str
    region: str
    target: str
    document_name: str
    owner_arn: str
    reason: str | None
    started: datetime
    max_duration: str | None
    status: str = "Connecting"
    ended: datetime | None = None
    details: str = ""


@dataclass
class Setting:
    value: str
    modified: datetime
    user: str


@dataclass
class Invocation:
    node_id: str
    status: str = "Pending"
    exit_code: int = -1
    stdout: str = ""
    stderr: str = ""
    ended: datetime | None = None


@dataclass
class Command:
    id: str
    account: str
    region: str
    document_name: str
    document_version: str
    plugin_name: str
    parameters: dict[str, list[str]]
    comment: str
    requested: datetime
    expires: datetime
    timeout_seconds: int
    targets: list[Any]
    invocations: dict[str, Invocation]


@dataclass(frozen=True)
class Document:
    name: str
    version: str
    document_type: str
    content: Mapping[str, Any]


@dataclass(frozen=True)
class RoleCredentials:
    access_key_id: str
    secret_access_key: str
    session_token: str
    expires: datetime


class Neighbours(Protocol):
    """What SSM asks of other AWS services."""

    def role_arn_trusting_ssm(self, account: str, partition: str, role: str) -> str | None:
        """The role's ARN if it exists and ssm.amazonaws.com may assume it."""
        ...

    def assume_role(self, node: Node, role_arn: str) -> RoleCredentials: ...

    def document(self, call: Call, name: str, version: str | None) -> Document | None: ...


@dataclass
class SsmState:
    """All accounts and regions. Operations run one at a time, under `lock`.

    `new_id(n)`: n random lower-case hexadecimal digits.
    """

    service: MessageService
    neighbours: Neighbours
    now: Callable[[], datetime]
    new_id: Callable[[int], str]
    activations: dict[str, Activation] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    settings: dict[tuple[str, str, str], Setting] = field(default_factory=dict)
    commands: dict[str, Command] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def node_of(self, call: Call, node_id: str) -> Node | None:
        """The node of this name in the caller's account and region."""
        node = self.nodes.get(node_id)
        if node is None or (node.account, node.region) != (call.account, call.region):
            return None
        return node

    def session_changed(self, session_id: str, status: str, details: str) -> None:
        """The message service's word on a session: Connected, Disconnected, Terminated or
        Failed."""
        with self.lock:
            session = self.sessions.get(session_id)
            if session is None or session.ended is not None:
                return
            session.status = status
            session.details = details
            if status in ("Terminated", "Failed"):
                session.ended = self.now()

    def node_disconnected(self, node_id: str) -> None:
        """The node's control channel has closed."""
        with self.lock:
            if (node := self.nodes.get(node_id)) is not None:
                node.lost = True

    def is_registered(self, node_id: str) -> bool:
        return node_id in self.nodes


def utc_now() -> datetime:
    return datetime.now(UTC)
