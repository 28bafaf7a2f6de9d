"""What the agent takes from its environment."""

from __future__ import annotations

from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


class AgentSettings:
    """endpoint: AWS's API. state_dir: where the identity is kept. ports: port of a session document
    →
    port on this machine (containers of the sandbox share one loopback). chunk, pause: bytes of one
    message and seconds of sleep after it (AWS's agent: 1024 and 0.001). ca_file: "" = the system's.
    dial_seconds: how long the dial of a session's port takes. handshake_seconds: how long a session
    waits for its client.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        state_dir: Path,
        ports: Mapping[int, int],
        ca_file: str = "",
        chunk: int = 32 * 1024,
        pause: float = 0.0,
        handshake_seconds: float = 15.0,
    ) -> None:
        self.endpoint = endpoint
        self.state_dir = state_dir
        self.ports = ports
        self.ca_file = ca_file
        self.chunk = chunk
        self.pause = pause
        self.dial_seconds = 0.0
        self.handshake_seconds = handshake_seconds

    def behave(self, told: Mapping[str, Any]) -> None:
        """What the sandbox's message service wants, from the next message on. Raises nothing."""
        for name in ("chunk", "pause", "dial_seconds"):
            value = told.get(name)
            if isinstance(value, int | float):
                setattr(self, name, value)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> AgentSettings:
        """AWS_ENDPOINT_URL, AMAZON_SSM_STATE (else ~/.amazon-ssm), SANDBOX_PORT_MAP
        ("2222=40001,…"),
        SSL_CERT_FILE, SANDBOX_AGENT_PACE ("aws" = as slow as AWS's agent). Raises ValueError.
        """
        state = environ.get("AMAZON_SSM_STATE")
        slow = environ.get("SANDBOX_AGENT_PACE") == "aws"
        return cls(
            endpoint=environ.get("AWS_ENDPOINT_URL", ""),
            state_dir=Path(state) if state else Path.home() / ".amazon-ssm",
            ports=_port_map(environ.get("SANDBOX_PORT_MAP", "")),
            ca_file=environ.get("SSL_CERT_FILE", ""),
            chunk=1024 if slow else 32 * 1024,
            pause=0.001 if slow else 0.0,
        )


def _port_map(text: str) -> dict[int, int]:
    pairs = (item.split("=") for item in text.split(",") if item)
    return {int(port): int(mapped) for port, mapped in pairs}
