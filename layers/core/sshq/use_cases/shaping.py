"""What exactly is asked for: a run's options, its preset's, the stack's defaults, names resolved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sshq.data import images
from sshq.domain.data_locations import locations_from, outside
from sshq.domain.images import resolve_image
from sshq.domain.job_file import ContainerOptions
from sshq.domain.job_source import s3_channel
from sshq.domain.jobs import JobShape
from sshq.domain.networks import networks_from
from sshq.domain.refusals import NOTHING, Reason, Refusal

if TYPE_CHECKING:
    from sshq.chat.commands.asking import Run
    from sshq.domain.job_options import Options
    from sshq.domain.presets import Preset
    from sshq.ports import Services
    from sshq.settings import Settings

USUAL_HOURS = 8
USUAL_VOLUME_GB = 50
USUAL_LABEL = "workbench"


@dataclass(frozen=True)
class Shaped:
    """`image` are the image's names: as it was asked for, in full, and the registry's address."""

    shape: JobShape
    preset: Preset
    image: tuple[str, ...]


def shape_of(services: Services, asked: Run) -> Shaped:
    """Fill in what wasn't said. Raises Refusal for names that nobody knows."""
    settings = services.settings
    preset = services.presets.read().find(asked.preset)
    options = asked.over(preset.options)
    instance = options.instance or settings.default_instance
    name = options.image or settings.default_image
    image = resolve_image(name, catalogue=images(), region=settings.region, instance=instance)
    if asked.wait and not options.command:
        raise Refusal(Reason.WAIT_FOR_NOTHING)
    _check_network(settings, options.vpc or "")
    check_locations(settings, options)
    shape = JobShape(
        instance=instance,
        image=image.uri,
        count=options.count or 1,
        hours=options.hours if options.hours is not None else min(USUAL_HOURS, settings.max_hours),
        command=options.command or "",
        name=label_of(asked),
        container=ContainerOptions(
            login_user=asked.login,
            wait_seconds=asked.wait,
            idle_seconds=_idle_seconds(options, settings),
            fail_mode=asked.on_failure,
        ),
        preset=preset.name,
        spot=options.spot or False,
        volume_gb=options.volume or USUAL_VOLUME_GB,
        source=options.source or "",
        inputs=options.input or {},
        output=options.output or "",
        vpc=options.vpc or "",
        warm_pool_seconds=options.warm_pool or 0,
    )
    return Shaped(shape=shape, preset=preset, image=(name, image.name, image.uri))


def label_of(asked: Run) -> str:
    """The part of the job's name that says what it is.

    It follows from the request alone: were it the default preset's name, a redelivery after an
    admin chose another default would be another job.
    """
    return asked.name or asked.preset or USUAL_LABEL


def check_locations(settings: Settings, options: Options) -> None:
    """Refuse data in S3 that the job's role couldn't read or write: SageMaker would say so much later."""
    read = [*(options.input or {}).values()]
    if options.source and (channel := s3_channel(options.source)):
        read.append(channel)
    for addresses, named, parameter in (
        (read, settings.input_locations, "InputLocations"),
        ([options.output] if options.output else [], settings.output_locations, "OutputLocations"),
    ):
        if beyond := outside(addresses, locations_from(named)):
            raise Refusal(
                Reason.LOCATION_NOT_GRANTED,
                location=beyond[0],
                parameter=parameter,
                granted=named.replace(",", ", ") or NOTHING,
            )


def _idle_seconds(options: Options, settings: Settings) -> int:
    """A command is ended for being idle only if somebody said so: it may well wait for something."""
    if options.idle is not None:
        return options.idle
    return 0 if options.command else settings.workbench_idle


def _check_network(settings: Settings, name: str) -> None:
    known = networks_from(settings.vpcs)
    if name and name not in known:
        raise Refusal(Reason.UNKNOWN_VPC, vpc=name, vpcs=", ".join(sorted(known)) or NOTHING)
