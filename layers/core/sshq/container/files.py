"""The start-up scripts, as they lie in S3: under a folder that is named after their content."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

SUMS = "SHA256SUMS"
SERVER = "ssh_server/"


@cache
def startup_files() -> dict[str, bytes]:
    """Every script by its name in the channel, and last their checksums. `start.sh` is what runs."""
    folder = files("sshq.container")
    scripts = {
        f"{where}{entry.name}": entry.read_bytes()
        for where, place, kind in (("", folder, ".sh"), (SERVER, folder / SERVER, ".py"))
        for entry in sorted(place.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(kind)
    }
    return {**scripts, SUMS: checksums(scripts)}


@cache
def startup_digest() -> str:
    """The SHA-256 of the checksums, and so of everything: the folder's name, and what is checked."""
    return hashlib.sha256(startup_files()[SUMS]).hexdigest()


def checksums(content: dict[str, bytes]) -> bytes:
    """What `sha256sum -c` reads."""
    lines = [f"{hashlib.sha256(body).hexdigest()}  {name}\n" for name, body in content.items()]
    return "".join(lines).encode()
