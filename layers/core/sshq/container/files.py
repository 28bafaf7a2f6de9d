"""The start-up scripts, as they are put into a job's input channel."""

from __future__ import annotations

from importlib.resources import files


def startup_files() -> dict[str, bytes]:
    """Every script by its name in the channel. `start.sh` is the container's entrypoint."""
    return {
        entry.name: entry.read_bytes()
        for entry in sorted(files("sshq.container").iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".sh")
    }
