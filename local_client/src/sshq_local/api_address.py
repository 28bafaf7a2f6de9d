"""Where an access API is, as a lease names it."""

from __future__ import annotations

from sshq_local.ssm.dial import Target


def api_target(base: str) -> Target:
    """Where `https://host[:port]` is (http on loopback only)."""
    scheme, _, host = base.partition("://")
    secure = scheme == "https"
    name, colon, port = host.rpartition(":")
    if not colon or port.endswith("]"):  # no port, or the colons of [::1]
        name, port = host, "443" if secure else "80"
    return Target(secure=secure, host=name.strip("[]"), port=int(port), authority=host, path="/")
