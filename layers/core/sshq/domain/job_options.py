"""The options of a job, as `/sshq run` and a preset may name them; None is "not said"."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from sshq.domain.durations import parse_duration
from sshq.domain.job_source import CHANNEL as SOURCE_CHANNEL
from sshq.domain.job_source import check_source
from sshq.domain.model import Model

MOST_NODES = 16
SHORTEST_IDLE = 300
# SageMaker takes 20 channels; four may be ours: the job's own files, the scripts, the agent, the source.
MOST_INPUTS = 16
# job.env holds the start-up script's facts under such names, before the user's own.
_OWN_PREFIX = "SSHQ_"
_OWN_CHANNELS = ("sshq", "sshq-code", "sshq-agent", SOURCE_CHANNEL)
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CHANNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_S3 = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[^\s?#]*)?")


def _seconds(value: Any) -> Any:  # noqa: ANN401  it stands before validation
    return parse_duration(value) if isinstance(value, str) else value


def _idle(value: Any) -> Any:  # noqa: ANN401  it stands before validation
    return 0 if value in ("off", 0) else _seconds(value)


def _not_too_short(seconds: int) -> int:
    if 0 < seconds < SHORTEST_IDLE:
        raise ValueError("at least 5m, or off")
    return seconds


def pairs(value: Any) -> Any:  # noqa: ANN401  it stands before validation
    """`["A=1", "B=2"]`, as the flag collects them, or what was read before."""
    if not isinstance(value, list | tuple):
        return value
    found: dict[str, str] = {}
    for item in value:
        name, equals, text = str(item).partition("=")
        if not equals or not name:
            raise ValueError(f"“{item}” isn't NAME=value")
        if name in found:
            raise ValueError(f"{name} is given twice")
        found[name] = text
    return found


def _s3(value: str) -> str:
    if not _S3.fullmatch(value):
        raise ValueError("write s3://bucket/prefix")
    return value


def _inputs(value: dict[str, str]) -> dict[str, str]:
    for name in value:
        if not _CHANNEL.fullmatch(name):
            raise ValueError(f"“{name}” can't be the name of an input channel")
        if name in _OWN_CHANNELS:
            raise ValueError(f"the channel {name} is sshq's own")
    if len(value) > MOST_INPUTS:
        raise ValueError(f"at most {MOST_INPUTS} inputs")
    return value


def _environment(value: dict[str, str]) -> dict[str, str]:
    for name in value:
        if not _ENV_NAME.fullmatch(name):
            raise ValueError(f"“{name}” can't be the name of a variable")
        if name.startswith(_OWN_PREFIX):
            raise ValueError(f"names that begin with {_OWN_PREFIX} are sshq's own")
    return value


InstanceType = Annotated[
    str, StringConstraints(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$", max_length=40)
]
Image = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/@-]*$", max_length=255)
]
Label = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](-?[a-z0-9])*$", max_length=24)]
S3Uri = Annotated[str, StringConstraints(max_length=1024), AfterValidator(_s3)]
Source = Annotated[str, StringConstraints(max_length=1024), AfterValidator(check_source)]
Seconds = Annotated[int, BeforeValidator(_seconds)]
IdleSeconds = Annotated[
    int, Field(ge=0, le=86_400), BeforeValidator(_idle), AfterValidator(_not_too_short)
]
Environment = Annotated[dict[str, str], BeforeValidator(pairs), AfterValidator(_environment)]
Inputs = Annotated[dict[str, S3Uri], BeforeValidator(pairs), AfterValidator(_inputs)]


class Options(Model):
    """What of a job's shape can be said. `idle` and `warm_pool` are seconds, `volume` is GB."""

    instance: InstanceType | None = None
    count: int | None = Field(default=None, ge=1, le=MOST_NODES)
    image: Image | None = None
    hours: float | None = Field(default=None, gt=0, le=672)
    idle: IdleSeconds | None = None
    spot: bool | None = None
    volume: int | None = Field(default=None, ge=1, le=16_384)
    source: Source | None = None
    command: Annotated[str, StringConstraints(max_length=4000)] | None = None
    input: Inputs | None = None
    output: S3Uri | None = None
    vpc: Label | None = None
    warm_pool: Annotated[Seconds, Field(ge=60, le=21_600)] | None = None

    def over(self, other: Options) -> Options:
        """These options, and the other's where these say nothing."""
        said = {name: getattr(self, name) for name in Options.model_fields}
        base = {name: getattr(other, name) for name in Options.model_fields}
        return Options(**base | {name: value for name, value in said.items() if value is not None})
