"""Answers of a sentence or two, refusals among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat.view import View
from sshq.chat.views.blocks import section
from sshq.domain.refusals import NOTHING, Reason

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.chat.catalogue import Texts
    from sshq.domain.queue_message import QueueMessage
    from sshq.domain.refusals import Refusal


def notice(texts: Texts, key: str, **facts: str | datetime) -> View:
    """One sentence of the catalogue."""
    text = texts.mrkdwn(key, **facts)
    return View(text=text, blocks=(section(text),))


def refusal(error: Refusal, texts: Texts) -> View:
    """What happened and why; then what to do next."""
    key = f"refusal.{error.reason.value}"
    none = texts.plain("refusal.none")
    facts = {name: none if fact == NOTHING else fact for name, fact in error.facts.items()}
    if error.reason is Reason.USAGE:
        # What can't be read is a sentence of its own.
        facts = facts | {"problem": texts.plain(facts["problem"], **facts)}
    elif error.reason is Reason.UNKNOWN_COMMAND and facts["near"]:
        facts = facts | {"near": texts.plain("refusal.unknown-command.near", near=facts["near"])}
    happened = texts.mrkdwn(key, **facts)
    following = texts.mrkdwn(f"{key}.next", **facts).strip()
    return View(text=happened, blocks=(section(f":no_entry: {happened}\n{following}"),))


def dead_letter(message: QueueMessage, texts: Texts, *, job: str = "", pool: str = "") -> View:
    """A request that could not be worked off to its end, and the job or the line it got to."""
    correlation = message.correlation
    if job:
        return notice(texts, "dead-letter.job", job=job, correlation=correlation)
    if pool:
        return notice(texts, "dead-letter.waits", pool=pool, correlation=correlation)
    return notice(texts, "dead-letter", verb=message.verb, correlation=correlation)
