"""Port forwards as a person writes them, and which local ports they get. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from sshq_local.errors import Exit, Reason, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PARTS = re.compile(r"\[[0-9A-Fa-f:.]+\]|[^:\[\]]*")
_HOST = re.compile(r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.*_][A-Za-z0-9.*_-]*")
_TRIED = 100
"""How many ports after a taken one are looked at."""


class Kind(StrEnum):
    """ssh's own letters."""

    LOCAL = "L"
    REMOTE = "R"
    DYNAMIC = "D"


@dataclass(frozen=True)
class Forward:
    """Who connects to `bind`:`port` reaches `host`:`host_port` on the other side.

    bind: empty for loopback. host: empty for DYNAMIC. named: the person chose `port`, so it isn't
    moved behind their back. wanted: the port that was taken, 0 if none was.
    """

    kind: Kind
    port: int
    host: str = "localhost"
    host_port: int = 0
    bind: str = ""
    named: bool = True
    wanted: int = 0

    def as_option(self) -> tuple[str, str]:
        """ssh's option."""
        listen = f"{self.bind}:{self.port}" if self.bind else str(self.port)
        goal = "" if self.kind is Kind.DYNAMIC else f":{self.host}:{self.host_port}"
        return f"-{self.kind}", f"{listen}{goal}"

    def as_json(self) -> dict[str, object]:
        goal = None if self.kind is Kind.DYNAMIC else f"{self.host}:{self.host_port}"
        return {
            "kind": self.kind.name.lower(),
            "listen": f"{self.bind or 'localhost'}:{self.port}",
            "to": goal,
            "instead_of": self.wanted or None,
        }


def parse_forward(text: str, kind: Kind) -> Forward:
    """Read `[bind:]port[:host:hostport]`, or short: `port`, `port:hostport`. Raises Refusal.

    A short one leads to the same port (or hostport) of the other side's own loopback.
    """
    parts = [part for part in _PARTS.findall(text) if part] if text else []
    if ":".join(parts) != text:
        raise _unreadable(text, kind)
    if kind is Kind.DYNAMIC:
        bind, port = _bind_and_port(text, parts)
        return Forward(kind, port, host="", bind=bind)
    match parts:
        case [port_text]:
            port = _port(text, port_text)
            return Forward(kind, port, host_port=port, named=kind is Kind.REMOTE)
        case [port_text, goal] if goal.isdecimal():
            return Forward(kind, _port(text, port_text), host_port=_port(text, goal))
        case [*listen, host, goal] if _HOST.fullmatch(host):
            bind, port = _bind_and_port(text, listen)
            return Forward(kind, port, host=host, host_port=_port(text, goal), bind=bind)
    raise _unreadable(text, kind)


def choose_ports(
    forwards: Sequence[Forward],
    is_free: Callable[[int], bool],
    *,
    offer: Callable[[Forward], str],
) -> list[Forward]:
    """Give each local listener a free port: one that nobody named may move, a named one is refused.

    The refusal offers a port that is free. offer: what is typed to get a forward.
    """
    chosen: list[Forward] = []
    used: set[int] = set()

    def free(port: int) -> bool:
        return port not in used and is_free(port)

    for forward in forwards:
        if forward.kind is Kind.REMOTE:
            chosen.append(forward)
            continue
        port = forward.port
        if not free(port):
            port = next_free(forward.port, free)
            if forward.named:
                raise refusal(
                    Reason.PORT_TAKEN,
                    "forward.taken",
                    port=forward.port,
                    offer=offer(replace(forward, port=port)),
                )
            forward = replace(forward, port=port, wanted=forward.port)  # noqa: PLW2901
        used.add(port)
        chosen.append(forward)
    return chosen


def next_free(port: int, is_free: Callable[[int], bool]) -> int:
    """The first free port after one that isn't. Raises Refusal when there is none nearby."""
    start = port if port >= 1024 else port + 8000  # below 1024 is the system's
    for candidate in range(start + 1, min(start + _TRIED, 65535) + 1):
        if is_free(candidate):
            return candidate
    raise refusal(Reason.PORT_TAKEN, "forward.none-free", port=port, last=start + _TRIED)


def _bind_and_port(text: str, parts: list[str]) -> tuple[str, int]:
    match parts:
        case [port]:
            return "", _port(text, port)
        case [bind, port] if _HOST.fullmatch(bind):
            return bind, _port(text, port)
    raise _unreadable(text, Kind.DYNAMIC)


def _port(text: str, part: str) -> int:
    # isdecimal() alone would take other scripts' digits.
    if not (part.isascii() and part.isdecimal() and len(part) <= 5 and 0 < int(part) < 65536):
        raise refusal(Reason.BAD_FORWARD, "forward.bad-port", text=text, exit_code=Exit.USAGE)
    return int(part)


def _unreadable(text: str, kind: Kind) -> Exception:
    return refusal(
        Reason.BAD_FORWARD, f"forward.unreadable-{kind}", text=text, exit_code=Exit.USAGE
    )
