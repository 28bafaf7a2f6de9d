"""What SageMaker's reason for a failed job means, where there is something to do about it."""

from __future__ import annotations

import re

# SageMaker documents none of its reasons; these are beginnings that users quote in public.
_HINTS = {
    # The command's: the kernel's SIGKILL.
    "memory": re.compile(r"exit code: 137\b"),
    "image": re.compile(r"Cannot pull|CannotPullContainer", re.IGNORECASE),
    "input": re.compile(r"Data download failed|No S3 objects found", re.IGNORECASE),
    "output": re.compile(r"upload failed|S3OutputPath", re.IGNORECASE),
    "role": re.compile(
        r"(unable|not able) to assume|unable to perform: sts:AssumeRole", re.IGNORECASE
    ),
    # After the one code that is known to mean something.
    "command": re.compile(r"exit code: \d+"),
    "denied": re.compile(r"Access ?Denied|not authorized to perform", re.IGNORECASE),
}


def failure_hint(reason: str) -> str | None:
    """`image`, `input`, …: its sentence is `job.hint.<it>`. None: nothing more is known."""
    return next((hint for hint, beginning in _HINTS.items() if beginning.search(reason)), None)
