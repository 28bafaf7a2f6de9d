"""Faults asked for by tests: what goes wrong at the n-th call of an operation."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, replace
from enum import StrEnum


class FaultKind(StrEnum):
    THROTTLE = "throttle"
    """Refused as the service refuses calls above its rate."""
    SERVER_ERROR = "5xx"
    DENIAL = "denial"
    """Refused as IAM refuses."""
    QUOTA = "quota"
    """Refused as SageMaker refuses what is above the account's quota (ResourceLimitExceeded)."""
    CAPACITY = "capacity"
    """CreateTrainingJob succeeds, and the job then ends for want of a machine (CapacityError)."""
    TIMEOUT_BEFORE = "timeout-before"
    """The connection closes without an answer; nothing happened."""
    TIMEOUT_AFTER = "timeout-after"
    """The connection closes without an answer, but the call took effect."""
    CRASH_BEFORE = "crash-before"
    """The caller's process is ended; nothing happened."""
    CRASH_AFTER = "crash-after"
    """The caller's process is ended once the call took effect."""


@dataclass(frozen=True)
class Fault:
    """Applies from the `nth` matching call on (1 = the next), `times` times.

    `operation` is the API's name (CreateTrainingJob); `caller` None means anybody.
    `seen` counts the matching calls so far.
    """

    id: int
    operation: str
    kind: FaultKind
    nth: int = 1
    times: int = 1
    caller: str | None = None
    seen: int = 0

    @property
    def is_spent(self) -> bool:
        return self.seen >= self.nth + self.times - 1


def apply(
    faults: tuple[Fault, ...], operation: str, caller: str
) -> tuple[tuple[Fault, ...], FaultKind | None]:
    """Count a call against all faults; the first that is due decides what happens to it."""
    kind: FaultKind | None = None
    counted = []
    for fault in faults:
        current = fault
        if fault.operation == operation and fault.caller in (None, caller) and not fault.is_spent:
            current = replace(fault, seen=fault.seen + 1)
            if current.seen >= current.nth:
                kind = kind or current.kind
        counted.append(current)
    return tuple(counted), kind


class FaultPlan:
    """The faults in force. Thread-safe."""

    def __init__(self) -> None:
        self._faults: tuple[Fault, ...] = ()
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def add(
        self,
        *,
        operation: str,
        kind: FaultKind | str,
        nth: int = 1,
        times: int = 1,
        caller: str | None = None,
    ) -> Fault:
        """Raises ValueError for an unknown kind, or when `nth` or `times` is less than 1."""
        if nth < 1 or times < 1:
            raise ValueError("nth and times count from 1")
        with self._lock:
            fault = Fault(next(self._ids), operation, FaultKind(kind), nth, times, caller)
            self._faults = (*self._faults, fault)
        return fault

    def list(self) -> list[Fault]:
        with self._lock:
            return list(self._faults)

    def clear(self) -> None:
        with self._lock:
            self._faults = ()

    def decide(self, operation: str, caller: str) -> FaultKind | None:
        """Count this call, and tell what is to happen to it."""
        with self._lock:
            self._faults, kind = apply(self._faults, operation, caller)
        return kind
