"""What runs inside a job's container: POSIX sh, so that any image will do."""

from sshq.container.files import startup_files

__all__ = ["startup_files"]
