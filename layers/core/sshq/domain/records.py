"""Records: the one-line JSON that start.sh prints. They inform the bot; they never raise rights."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, ValidationError

from sshq.domain.model import Model

LONGEST_LINE = 16_384
# What runs in a container may print such lines, too: what is kept of them, and shown, stays small.
_LONGEST_CODE = 64
_MOST = 1_000_000

# From here on a node is busy; the container's own watchdog goes by the same (supervisor.sh).
BUSY_CPU_PERCENT = 10
BUSY_GPU_PERCENT = 5
BUSY_LOAD = 0.5
"""One process that works is a load of 1, however many processors the machine has."""


class Stage(StrEnum):
    """The steps of a container's start-up and life."""

    PROBE = "probe"
    SSHD = "sshd"
    AGENT = "agent"
    REGISTER = "register"
    READY = "ready"
    ACTIVITY = "activity"
    WATCHDOG = "watchdog"
    COMMAND = "command"
    END = "end"


class Result(StrEnum):
    """How a stage ended."""

    OK = "ok"
    SKIPPED = "skipped"
    FAILED = "failed"


class StageRecord(Model):
    """One record. `at` is the container's clock (ISO 8601), `ms` how long the stage took."""

    sshq: Literal[1]
    stage: Stage
    result: Result
    code: str = Field(default="", max_length=_LONGEST_CODE)
    rank: int = Field(ge=0)
    at: str
    ms: int = Field(ge=0)
    facts: dict[str, Any] = Field(default_factory=dict)


class Activity(Model):
    """The facts of an `activity` record: how busy one node was. None is "don't know"."""

    seconds: int = Field(ge=0, le=_MOST)
    """How long the time was that is told of; a minute, as a rule."""
    logins: int | None = Field(ge=0, le=_MOST)
    """SSH connections that are open now."""
    bytes: int | None = Field(ge=0)
    """Through SSH connections in that time, above what keep-alives cost."""
    typing: int | None = Field(ge=0)
    """SSH sessions' terminals at which somebody typed in that time."""
    cpu: float | None = Field(ge=0, le=_MOST)
    """Percent of all processors in that time."""
    gpu: float | None = Field(ge=0, le=_MOST)
    """Percent: the highest of some samples of the busiest GPU; 0 where there is none."""
    load: float | None = Field(ge=0, le=_MOST)
    """The load average of the last minute: processes that ran or waited for a disk."""

    @property
    def is_busy(self) -> bool:
        """Whether somebody or something works there; what isn't known counts as work.

        An open connection alone is no work: a laptop may have been left.
        """
        return (
            self.bytes != 0
            or self.typing != 0
            or _reaches(self.cpu, BUSY_CPU_PERCENT)
            or _reaches(self.gpu, BUSY_GPU_PERCENT)
            or _reaches(self.load, BUSY_LOAD)
        )


def activity_of(record: StageRecord) -> Activity | None:
    """The facts of an `activity` record; None for any other record, or if they can't be read."""
    if record.stage is not Stage.ACTIVITY:
        return None
    try:
        return Activity.model_validate(record.facts)
    except ValidationError:
        return None


def parse_record(line: str) -> StageRecord | None:
    """The record on a line of a job's log, or None: the user's own output is all around it."""
    text = line.strip()
    if not text.startswith('{"sshq":') or len(text) > LONGEST_LINE:
        return None
    try:
        return StageRecord.model_validate(json.loads(text))
    except (ValueError, ValidationError, RecursionError):
        return None


def _reaches(value: float | None, threshold: float) -> bool:
    return value is None or value >= threshold
