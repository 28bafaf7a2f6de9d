"""`/sshq presets` and `/sshq preset save|delete|default`: the shapes of jobs that admins name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.chat.commands.asking import PresetAction
from sshq.data import images
from sshq.domain.authorisation import Who
from sshq.domain.images import resolve_image
from sshq.domain.job_options import Options
from sshq.domain.presets import Preset
from sshq.use_cases.answering import answer
from sshq.use_cases.authorising import authorise
from sshq.use_cases.shaping import check_locations

if TYPE_CHECKING:
    from sshq.chat.command import NoArguments
    from sshq.chat.commands.asking import ChangePreset
    from sshq.domain.presets import PresetBook
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services

_SAID = {
    PresetAction.DELETE: "presets.deleted",
    PresetAction.DEFAULT: "presets.made-default",
}


def show_presets(services: Services, message: QueueMessage, arguments: NoArguments) -> None:  # noqa: ARG001
    """All presets, the default first."""
    member = authorise(services, message.actor, Who.MEMBER, verb="presets")
    here = texts(member.language if member else services.settings.language)
    answer(services, message, views.presets(services.presets.read(), here))


def change_preset(services: Services, message: QueueMessage, arguments: ChangePreset) -> None:
    """Save (over what was saved before), delete, or make it what a plain run takes."""
    member = authorise(services, message.actor, Who.ADMIN, verb="preset")
    name = arguments.preset
    preset = _preset(services, message, arguments)
    before: Preset | None = None

    def changed(book: PresetBook) -> PresetBook:
        nonlocal before
        before = book.presets.get(name)
        if arguments.action is PresetAction.SAVE:
            return book.with_preset(preset)
        if arguments.action is PresetAction.DELETE:
            return book.without(name)
        return book.with_default(name)

    services.presets.change(changed)
    services.audit.record(
        "preset-changed", actor=message.actor, action=arguments.action.value, preset=name
    )
    here = texts(member.language if member else services.settings.language)
    if arguments.action is PresetAction.SAVE:
        answer(services, message, views.preset_saved(preset, before, here))
    else:
        answer(services, message, views.notice(here, _SAID[arguments.action], preset=name))


def _preset(services: Services, message: QueueMessage, asked: ChangePreset) -> Preset:
    """Raises Refusal for an image that nobody knows, or data out of reach: better now than at each run."""
    options = Options(**{name: getattr(asked, name) for name in Options.model_fields})
    check_locations(services.settings, options)
    if options.image:
        instance = options.instance or services.settings.default_instance
        resolve_image(
            options.image, catalogue=images(), region=services.settings.region, instance=instance
        )
    return Preset(
        name=asked.preset,
        options=options,
        allow_instances=asked.allow_instances or (),
        allow_images=asked.allow_images or (),
        saved_by=message.actor,
        saved_at=services.clock.now(),
    )
