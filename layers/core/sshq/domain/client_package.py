"""sshq-local as the stack itself hands it out: always the version that fits, from an address of ours.

On a public index the name would belong to whoever takes it first, and the bot tells people to install it.
"""

from __future__ import annotations

VERSION = "0.1.0"
"""local_client's version (a test holds them together): the worker that names it has no such package."""
FILE = f"sshq_local-{VERSION}-py3-none-any.whl"
"""A wheel's name as pip demands it (PyPA, binary distribution format)."""


def install_command(api_host: str, *, again: bool = False) -> str:
    """What people paste; `again`: over an older version of it."""
    return f"pipx install {'--force ' if again else ''}{client_package_url(api_host)}"


def client_package_url(api_host: str) -> str:
    """Where `pipx install` finds the wheel: GET /client/{file}. Plain http on loopback only."""
    host = api_host.rpartition(":")[0] or api_host
    scheme = "http" if host == "127.0.0.1" else "https"
    return f"{scheme}://{api_host}/client/{FILE}"
