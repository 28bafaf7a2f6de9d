"""Records: the one-line JSON that start.sh prints. They inform the bot; they never raise rights."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, ValidationError

from sshq.domain.model import Model

LONGEST_LINE = 16_384


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
    code: str = ""
    rank: int = Field(ge=0)
    at: str
    ms: int = Field(ge=0)
    facts: dict[str, Any] = Field(default_factory=dict)


def parse_record(line: str) -> StageRecord | None:
    """The record on a line of a job's log, or None: the user's own output is all around it."""
    text = line.strip()
    if not text.startswith('{"sshq":') or len(text) > LONGEST_LINE:
        return None
    try:
        return StageRecord.model_validate(json.loads(text))
    except (ValueError, ValidationError, RecursionError):
        return None
