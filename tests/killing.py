"""A worker that dies before or after any one of its remote calls."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from sshq.ports import Services

LOCAL = {"clock", "randomness", "settings", "ca"}
"""Ports that call nobody (the CA's public keys are read at a cold start)."""


class When(StrEnum):
    """On which side of the call the worker dies."""

    BEFORE = "before"
    AFTER = "after"


class KilledError(BaseException):
    """Not an Exception: nothing that runs may live on, as nothing survives a killed process."""


class Killer:
    """Counts remote calls, and kills at the `nth` (from 1); 0 lets everything live."""

    def __init__(self, nth: int = 0, when: When = When.BEFORE) -> None:
        self._nth = nth
        self._when = when
        self.calls: list[str] = []

    def around(self, name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Make the call, or die before or after it."""
        self.calls.append(name)
        hit = len(self.calls) == self._nth
        if hit and self._when is When.BEFORE:
            raise KilledError(name)
        try:
            return call(*args, **kwargs)
        finally:  # a refusal is an answer, too
            if hit:
                raise KilledError(name)


def mortal(services: Any, killer: Killer) -> Services:
    """The services as a worker has them whose calls the killer watches."""
    return cast("Services", _Mortal(services, killer))


class _Mortal:
    def __init__(self, services: Any, killer: Killer) -> None:
        self._services = services
        self._killer = killer

    def __getattr__(self, name: str) -> Any:
        port = getattr(self._services, name)
        return port if name in LOCAL else _Port(port, name, self._killer)


class _Port:
    def __init__(self, port: Any, name: str, killer: Killer) -> None:
        self._port = port
        self._name = name
        self._killer = killer

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if not callable(method):
            return method

        def call(*args: Any, **kwargs: Any) -> Any:
            return self._killer.around(f"{self._name}.{name}", method, *args, **kwargs)

        return call
