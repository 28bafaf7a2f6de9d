"""Faults of the Web API on demand: throttled, broken, or an answer that never arrives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """What the next call of a method meets.

    error : Slack's word, e.g. `ratelimited`, `internal_error`, `fatal_error`.
    status : HTTP status; 429 carries Retry-After.
    retry_after : seconds, with 429 only.
    after_effect : True when the method does its work and only the answer is lost.
    """

    error: str
    status: int = 200
    retry_after: int = 1
    after_effect: bool = False

    @classmethod
    def ratelimited(cls, retry_after: int = 1) -> Fault:
        return cls("ratelimited", status=429, retry_after=retry_after)

    @classmethod
    def broken(cls, *, after_effect: bool = False) -> Fault:
        """HTTP 503, before or after the effect."""
        return cls("service_unavailable", status=503, after_effect=after_effect)


class Faults:
    """The faults that are waiting, by method; each is met once."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[tuple[int, Fault]]] = {}

    def add(self, method: str, fault: Fault, *, nth: int = 1) -> None:
        """The `nth` call of `method` from now on meets `fault`. `response_url` is a method here."""
        self._waiting.setdefault(method, []).append((nth, fault))

    def clear(self) -> None:
        self._waiting.clear()

    def take(self, method: str) -> Fault | None:
        """Count one call of `method`, and give the fault that it meets."""
        met: Fault | None = None
        left: list[tuple[int, Fault]] = []
        for nth, fault in self._waiting.pop(method, []):
            if met is None and nth <= 1:
                met = fault
            else:
                left.append((nth - 1, fault))
        if left:
            self._waiting[method] = left
        return met
