"""What a job costs, the presets, and a request that waits for capacity."""

from __future__ import annotations

import math
import shlex
from typing import TYPE_CHECKING, Any

from sshq.chat.catalogue import Texts, texts
from sshq.chat.mrkdwn import escape
from sshq.chat.view import View
from sshq.chat.views.blocks import MOST_BLOCKS, actions, button, context, section
from sshq.chat.views.notices import notice
from sshq.domain.budgets import HOUR
from sshq.domain.durations import format_duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sshq.domain.jobs import Job
    from sshq.domain.presets import Preset, PresetBook
    from sshq.domain.waiting import WaitingRequest

_SPANS = ("idle", "warm_pool")


def submitted(job: Job, here: Texts) -> View:
    """The answer to `/sshq run`."""
    return notice(here, "run.submitted", job=job.name, cost=cost(job, here))


def cost(job: Job, here: Texts) -> str:
    """An hour, until the deadline, and at most: what was set aside for it. Of an ended one what it cost."""
    if not job.price_micros:
        return here.plain("cost.unknown")
    hourly = job.price_micros * job.shape.count
    if not job.is_open and job.cost_micros is not None:
        key = "cost.pool" if job.may_keep_pool else "cost.ended"
        show = job.currency.show
        return here.plain(key, hourly=show(hourly), cost=show(job.cost_micros))
    until = math.ceil(hourly * (job.deadline - job.created_at).total_seconds() / HOUR)
    facts = {
        "hourly": job.currency.show(hourly),
        "until": job.currency.show(until),
        "most": job.currency.show(job.reserved_micros),
    }
    if job.price_as_of:
        return here.plain("cost.old", as_of=job.price_as_of, **facts)
    return here.plain("cost.known", **facts)


def presets(book: PresetBook, here: Texts) -> View:
    """`/sshq presets`"""
    title = here.mrkdwn("presets.title")
    rows = [section(_preset(preset, book.default, here)) for preset in book.all()]
    return View(text=title, blocks=(section(f"*{title}*"), *rows[: MOST_BLOCKS - 1]))


def waiting(
    entry: WaitingRequest,
    *,
    place: int,
    length: int,
    next_try: datetime | None,
    instead: Sequence[str],
) -> View:
    """The living message of a request in the waiting room; place 0: it isn't known yet."""
    here = texts(entry.language)
    shown = {"count": str(entry.shape.count), "pool": entry.shape.pool}
    title = (
        here.mrkdwn("waiting.title", place=str(place), length=str(length), **shown)
        if place
        else here.mrkdwn("waiting.title-unplaced", **shown)
    )
    because = here.mrkdwn(f"waiting.because.{entry.cause.value}", detail=entry.detail[:300])
    tries = str(entry.attempt - 1)
    following = (
        here.mrkdwn("waiting.next", tries=tries, at=next_try)
        if next_try
        else here.mrkdwn("waiting.soon", tries=tries)
    )
    value = {"request": entry.request}
    buttons = [
        button(
            here.plain("waiting.instead", instance=instance),
            f"wait-instead:{number}",
            value | {"instance": instance},
        )
        for number, instance in enumerate(instead)
    ]
    blocks: list[dict[str, Any]] = [
        section(f"{title}\n{because}\n{following}"),
        context(here.mrkdwn("waiting.since", since=entry.since)),
        actions(*buttons, button(here.plain("waiting.cancel"), "wait-cancel", value, "danger")),
    ]
    return View(text=title, blocks=tuple(blocks))


def preset_saved(preset: Preset, before: Preset | None, here: Texts) -> View:
    """What it is now, and what it was: saving is saving over, with nothing kept of that."""
    said = [here.mrkdwn("presets.saved", preset=preset.name), _code(preset, here)]
    if before is not None and _said(before) != _said(preset):
        said += [here.mrkdwn("presets.before"), _code(before, here)]
    return View(text=said[0], blocks=(section("\n".join(said)),))


def _preset(preset: Preset, default: str, here: Texts) -> str:
    return here.plain(
        "presets.line",
        name=escape(preset.name),
        default=here.plain("presets.default") if preset.name == default else "",
        shape=_code(preset, here),
    )


def _code(preset: Preset, here: Texts) -> str:
    """A preset as the options that `preset save` takes: to read, and to type again."""
    said = _said(preset).replace("`", "'")  # code can't hold what ends it
    return f"`{escape(said)}`" if said else here.mrkdwn("presets.plain")


def _said(preset: Preset) -> str:
    said = preset.options.model_dump(exclude_none=True)
    said |= {"allow_instances": preset.allow_instances, "allow_images": preset.allow_images}
    return " ".join(filter(None, (_option(name, value) for name, value in said.items())))


def _option(name: str, value: object) -> str:
    flag = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return flag if value else ""
    if isinstance(value, dict):
        return " ".join(f"{flag} {_word(f'{key}={entry}')}" for key, entry in value.items())
    if isinstance(value, tuple):
        return f"{flag} {','.join(value)}" if value else ""
    if name in _SPANS and isinstance(value, int):
        return f"{flag} {format_duration(value).replace(' ', '').replace('min', 'm') if value else 'off'}"
    return f"{flag} {_word(f'{value:g}' if isinstance(value, float) else str(value))}"


def _word(value: str) -> str:
    return f'"{value}"' if " " in value and '"' not in value else shlex.quote(value)
