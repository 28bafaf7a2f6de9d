"""The one-time ticket: `<access API's host[:port]>/<32 Crockford base32 characters>`."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from sshq_local.errors import Exit, Reason, Refusal, refusal

_CODE_LENGTH = 32
_FORGIVEN = str.maketrans({"I": "1", "L": "1", "O": "0"})
_CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{32}")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?P<host>{_LABEL}(?:\.{_LABEL})*|\[::1\])(?::(?P<port>[0-9]{{1,5}}))?")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(frozen=True)
class Ticket:
    """host: lower case, with the port if one was given. code: 160 bits, a secret, so not in repr."""

    host: str
    code: str = field(repr=False)

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)

    @property
    def api(self) -> str:
        """The access API's base URL. Plain http is for the sandbox on this very computer."""
        return f"{'http' if self.is_loopback else 'https'}://{self.host}"

    @property
    def sha256(self) -> str:
        """What this computer remembers a ticket by."""
        return hashlib.sha256(self.code.encode()).hexdigest()


def parse_ticket(text: str) -> Ticket:
    """Read a ticket as pasted; case, the letters I, L, O and a leading https:// are forgiven.

    Raises Refusal (exit 2), which never repeats the code.
    """
    host_text, slash, code_text = _without_scheme(text.strip()).rpartition("/")
    if not slash:
        raise _refusal("ticket.none")
    host = host_text.lower()
    match = _HOST.fullmatch(host)
    if match is None or not 0 < int(match["port"] or 443) < 65536:
        raise _refusal("ticket.bad-host", host=repr(host_text))
    code = code_text.upper().translate(_FORGIVEN)
    if len(code) != _CODE_LENGTH:
        raise _refusal("ticket.bad-length", length=len(code), wanted=_CODE_LENGTH)
    # isascii: Unicode has letters whose upper case is one of ours.
    if not code_text.isascii() or _CODE.fullmatch(code) is None:
        raise _refusal("ticket.bad-character")
    return Ticket(host=host, code=code)


def is_loopback(host: str) -> bool:
    """Whether `host[:port]` is this very computer."""
    match = _HOST.fullmatch(host)
    return match is not None and match["host"] in _LOOPBACK


def _without_scheme(text: str) -> str:
    for scheme in ("https://", "http://"):
        if text.lower().startswith(scheme):
            return text[len(scheme) :]
    return text


def _refusal(key: str, **facts: object) -> Refusal:
    return refusal(Reason.BAD_TICKET, key, exit_code=Exit.USAGE, **facts)
