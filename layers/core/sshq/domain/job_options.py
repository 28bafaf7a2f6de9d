"""The options of a job, as `/sshq run` and a preset may name them; None is "not said"."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from sshq.domain.durations import Between, parse_duration, typed_seconds
from sshq.domain.job_source import CHANNEL as SOURCE_CHANNEL
from sshq.domain.job_source import check_source
from sshq.domain.misfits import Misfit
from sshq.domain.model import Model

MOST_NODES = 16
SHORTEST_IDLE = 300
LONGEST_IDLE = 86_400
# SageMaker takes 20 channels; four may be ours: the job's own files, the scripts, the agent, the source.
MOST_INPUTS = 16
# job.env holds the start-up script's facts under such names, before the user's own.
_OWN_PREFIX = "SSHQ_"
_OWN_CHANNELS = ("sshq", "sshq-code", "sshq-agent", SOURCE_CHANNEL)
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CHANNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_GB = re.compile(r"\s*gi?b?$", re.IGNORECASE)
_S3 = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[^\s?#]*)?")


def _hours(value: Any) -> Any:  # noqa: ANN401  it stands before validation
    """`4`, and `4h` or `90m` as every other span is typed."""
    if isinstance(value, str) and value.strip()[-1:].isalpha() and value.strip()[:1].isdigit():
        return parse_duration(value) / 3600
    return value


def _gigabytes(value: Any) -> Any:  # noqa: ANN401  it stands before validation
    """`100`, and `100GB`."""
    return _GB.sub("", value) if isinstance(value, str) else value


def _idle(value: Any) -> Any:  # noqa: ANN401  it stands before validation
    return 0 if value in ("off", 0) else typed_seconds(value)


def _not_too_short(seconds: int) -> int:
    if 0 < seconds < SHORTEST_IDLE:
        raise Misfit("idle-too-short")
    return seconds


def pairs(value: Any) -> Any:  # noqa: ANN401  it stands before validation
    """`["A=1", "B=2"]`, as the flag collects them, or what was read before."""
    if not isinstance(value, list | tuple):
        return value
    found: dict[str, str] = {}
    for item in value:
        name, equals, text = str(item).partition("=")
        if not equals or not name:
            raise Misfit("pair", item=str(item))
        if name in found:
            raise Misfit("name-twice", name=name)
        found[name] = text
    return found


def _s3(value: str) -> str:
    if not _S3.fullmatch(value):
        raise Misfit("s3")
    return value


def _inputs(value: dict[str, str]) -> dict[str, str]:
    for name in value:
        if not _CHANNEL.fullmatch(name):
            raise Misfit("channel", name=name)
        if name in _OWN_CHANNELS:
            raise Misfit("own-channel", name=name)
    if len(value) > MOST_INPUTS:
        raise Misfit("too-many-inputs", most=str(MOST_INPUTS))
    return value


def _environment(value: dict[str, str]) -> dict[str, str]:
    for name in value:
        if not _ENV_NAME.fullmatch(name):
            raise Misfit("variable", name=name)
        if name.startswith(_OWN_PREFIX):
            raise Misfit("own-variable", name=name, prefix=_OWN_PREFIX)
    return value


# Phones begin with a capital letter. (Pydantic's own `to_lower` comes after the pattern was tried.)
LOWERED = BeforeValidator(lambda typed: typed.lower() if isinstance(typed, str) else typed)
InstanceType = Annotated[
    str,
    StringConstraints(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$", max_length=40),
    LOWERED,
]
Image = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/@-]*$", max_length=255)
]
Label = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9](-?[a-z0-9])*$", max_length=24), LOWERED
]
S3Uri = Annotated[str, StringConstraints(max_length=1024), AfterValidator(_s3)]
Source = Annotated[str, StringConstraints(max_length=1024), AfterValidator(check_source)]
Seconds = Annotated[int, BeforeValidator(typed_seconds)]
IdleSeconds = Annotated[
    int,
    BeforeValidator(_idle),
    AfterValidator(_not_too_short),
    AfterValidator(Between(0, LONGEST_IDLE)),
]
Environment = Annotated[dict[str, str], BeforeValidator(pairs), AfterValidator(_environment)]
Inputs = Annotated[dict[str, S3Uri], BeforeValidator(pairs), AfterValidator(_inputs)]


class Options(Model):
    """What of a job's shape can be said. `idle` and `warm_pool` are seconds, `volume` is GB."""

    instance: InstanceType | None = None
    count: int | None = Field(default=None, ge=1, le=MOST_NODES)
    image: Image | None = None
    hours: Annotated[float, Field(gt=0, le=672), BeforeValidator(_hours)] | None = None
    idle: IdleSeconds | None = None
    spot: bool | None = None
    volume: Annotated[int, Field(ge=1, le=16_384), BeforeValidator(_gigabytes)] | None = None
    source: Source | None = None
    command: Annotated[str, StringConstraints(max_length=4000)] | None = None
    input: Inputs | None = None
    output: S3Uri | None = None
    vpc: Label | None = None
    warm_pool: Annotated[Seconds, AfterValidator(Between(60, 21_600))] | None = None

    def over(self, other: Options) -> Options:
        """These options, and the other's where these say nothing."""
        said = {name: getattr(self, name) for name in Options.model_fields}
        base = {name: getattr(other, name) for name in Options.model_fields}
        return Options(**base | {name: value for name, value in said.items() if value is not None})
