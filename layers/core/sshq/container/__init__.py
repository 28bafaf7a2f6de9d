"""What runs inside a job's container: POSIX sh, so that any image will do."""

from sshq.container.entrypoint import AGENT_CHANNEL, CODE_CHANNEL, JOB_CHANNEL, entrypoint
from sshq.container.files import checksums, startup_digest, startup_files

__all__ = [
    "AGENT_CHANNEL",
    "CODE_CHANNEL",
    "JOB_CHANNEL",
    "checksums",
    "entrypoint",
    "startup_digest",
    "startup_files",
]
