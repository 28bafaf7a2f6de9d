"""Commands that ask for a job, and the presets that say what a job is without options."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from sshq.chat.command import Command, NoArguments, Parameter, Queue
from sshq.domain.authorisation import Who
from sshq.domain.durations import Between
from sshq.domain.job_file import FailMode
from sshq.domain.job_options import Environment, InstanceType, Label, Options, Seconds
from sshq.domain.misfits import Misfit
from sshq.domain.model import Model


class Run(Options):
    """`/sshq run [PRESET] …`. What is left out comes from the preset, then from the stack."""

    preset: Label | None = None
    env: Environment = Field(default_factory=dict)
    name: Label | None = None
    reason: Annotated[str, StringConstraints(max_length=200)] = ""
    login: Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")] = "root"
    wait: Annotated[Seconds, AfterValidator(Between(0, 86_400))] = 0
    on_failure: FailMode = FailMode.RUN


class PresetAction(StrEnum):
    """What can be done to a preset."""

    SAVE = "save"
    DELETE = "delete"
    DEFAULT = "default"


def _patterns(value: Any) -> Any:  # noqa: ANN401  it stands before validation
    """`ml.g5.*,ml.m5.large` → its patterns; `any` is no allow-list."""
    if not isinstance(value, str):
        return value
    return () if value == "any" else tuple(part for part in value.split(",") if part)


Patterns = Annotated[
    tuple[
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:/@*?-]+$", max_length=255)], ...
    ],
    BeforeValidator(_patterns),
    Field(max_length=50),
]


class ChangePreset(Options):
    """`/sshq preset save|delete|default NAME …`"""

    action: PresetAction
    preset: Label
    allow_instances: Patterns | None = None
    allow_images: Patterns | None = None

    @model_validator(mode="after")
    def _options_are_for_saving(self) -> Self:
        """`save` without any would wipe out what stands there, its limits too."""
        says = any(getattr(self, p.name) is not None for p in _PRESET_OPTIONS)
        if self.action is PresetAction.SAVE and not says:
            raise Misfit("preset-of-nothing")
        if self.action is not PresetAction.SAVE and says:
            raise Misfit("only-to-save")
        return self


RequestId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Waiting(Model):
    """A request in the waiting room, for its buttons. `instance`: what to take instead."""

    request: RequestId
    instance: InstanceType | None = None


class Again(Model):
    """The caretaker calls a request in the waiting room for its next attempt."""

    request: RequestId
    attempt: int


_SHAPE = (
    Parameter("instance", "--instance", "TYPE"),
    Parameter("count", "--count", "N"),
    Parameter("image", "--image", "NAME"),
    Parameter("hours", "--hours", "H"),
    Parameter("idle", "--idle", "30m"),
    Parameter("spot", "--spot", switch=True),
    Parameter("volume", "--volume", "GB"),
    Parameter("source", "--source", "URL"),
    Parameter("command", "--command", "CMD", prose=True),
    Parameter("input", "--input", "NAME=S3", many=True),
    Parameter("output", "--output", "S3"),
    Parameter("vpc", "--vpc", "NAME"),
    Parameter("warm_pool", "--warm-pool", "30m"),
)

_PRESET_OPTIONS = (
    *_SHAPE,
    Parameter("allow_instances", "--allow-instances", "A,B.*"),
    Parameter("allow_images", "--allow-images", "A,B*"),
)

COMMANDS: tuple[Command, ...] = (
    Command(
        "run",
        Who.MEMBER,
        Queue.COMMANDS,
        Run,
        (
            Parameter("preset", metavar="PRESET"),
            *_SHAPE,
            Parameter("env", "--env", "K=V", many=True),
            Parameter("name", "--name", "NAME"),
            Parameter("login", "--login", "USER"),
            Parameter("wait", "--wait", "TIME"),
            Parameter("on_failure", "--on-failure", "run|fail"),
            Parameter("reason", "--reason", "WHY", prose=True),
        ),
        (
            "/sshq run",
            "/sshq run gpu --hours 4 --idle 30m",
            "/sshq run --instance ml.g5.xlarge --image pytorch:2.10-gpu-py313 --spot",
            '/sshq run --source git+https://git.test/acme/train@main --command "python train.py"',
            "/sshq run --command nvidia-smi --env EPOCHS=3 --name resnet --spot",
        ),
    ),
    Command("presets", Who.MEMBER, Queue.COMMANDS, NoArguments, examples=("/sshq presets",)),
    Command(
        "preset",
        Who.ADMIN,
        Queue.COMMANDS,
        ChangePreset,
        (
            Parameter("action", metavar="save|delete|default", required=True),
            Parameter("preset", metavar="PRESET", required=True),
            *_PRESET_OPTIONS,
        ),
        (
            "/sshq preset save gpu --instance ml.g5.xlarge --allow-instances ml.g5.*,ml.g6.*",
            "/sshq preset default gpu",
            "/sshq preset delete gpu",
        ),
    ),
    Command("run-again", Who.MEMBER, Queue.COMMANDS, Again, typed=False),
    Command("wait-cancel", Who.MEMBER, Queue.COMMANDS, Waiting, typed=False),
    Command("wait-instead", Who.MEMBER, Queue.COMMANDS, Waiting, typed=False),
)
