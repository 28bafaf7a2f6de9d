"""The SSM agent in the stack's bucket, as one more thing that setup makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sshq.adapters.account.part import Spec
    from sshq.domain.setup_plan import Change
    from sshq.ports import AgentMirror


class MirroredAgent:
    """A Part."""

    def __init__(self, mirror: AgentMirror) -> None:
        self._mirror = mirror

    def read(self, name: str) -> Spec:  # noqa: ARG002  there is one
        pin = self._mirror.pinned()
        return {"version": pin.version} if pin and self._mirror.is_current(pin) else {}

    def write(self, change: Change) -> None:
        self._mirror.mirror(change.resource.spec["version"])

    def delete(self, name: str) -> None:
        """It goes with its bucket."""
