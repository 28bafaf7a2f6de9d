"""What the rooms of the sandbox need of each other.

moto's threads call these: implementations are thread-safe.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True)
class SessionRequest:
    """What StartSession hands to the message service (and that to the node's agent)."""

    session_id: str
    node_id: str
    document_name: str
    document_content: Mapping[str, Any]
    parameters: Mapping[str, str]
    owner_arn: str


@dataclass(frozen=True)
class SessionAccess:
    """A token (one connection, short-lived) and the unsigned wss:// StreamUrl that it opens."""

    token: str
    stream_url: str


@dataclass(frozen=True)
class CommandResult:
    """How a command ended on a node. `status` is SSM's own word: Success, Failed, TimedOut."""

    status: str
    exit_code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class CommandRequest:
    """One invocation of a Command document on one node; `on_result` is called once, from any thread."""

    command_id: str
    node_id: str
    document_name: str
    document_content: Mapping[str, Any]
    parameters: Mapping[str, list[str]]
    on_result: Callable[[CommandResult], None] = field(repr=False)


class MessageService(Protocol):
    """AWS's ssmmessages, as far as SSM's API calls steer it."""

    def start_session(self, request: SessionRequest) -> SessionAccess: ...

    def resume_session(self, session_id: str) -> SessionAccess:
        """Raise KeyError when the session is unknown or has ended."""
        ...

    def terminate_session(self, session_id: str, reason: str) -> None:
        """Send channel_closed to both ends. Unknown or ended sessions are left alone."""
        ...

    def disconnect_node(self, node_id: str) -> None:
        """Close the node's control channel and its sessions (deregistered, or the job has ended)."""
        ...

    def is_connected(self, node_id: str) -> bool: ...

    def send_command(self, request: CommandRequest) -> None: ...


class EventSink(Protocol):
    """Where AWS services put their events: the sandbox's EventBridge."""

    def put(self, *, source: str, detail_type: str, detail: Mapping[str, Any]) -> None: ...
