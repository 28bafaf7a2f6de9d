"""What a job costs, the presets, and a request that waits for capacity."""

from __future__ import annotations

import math
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


def _preset(preset: Preset, default: str, here: Texts) -> str:
    said = preset.options.model_dump(exclude_none=True)
    for name in ("idle", "warm_pool"):
        if name in said:
            said[name] = format_duration(said[name])
    shape = ", ".join(f"{name} {_shown(value)}" for name, value in said.items())
    lines = [
        here.plain(
            "presets.line",
            name=escape(preset.name),
            default=here.plain("presets.default") if preset.name == default else "",
            shape=escape(shape) or here.plain("presets.plain"),
        )
    ]
    lines += [
        here.mrkdwn("presets.allows", what=", ".join(patterns))
        for patterns in (preset.allow_instances, preset.allow_images)
        if patterns
    ]
    return "\n".join(lines)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={entry}" for name, entry in value.items())
    return str(value)
