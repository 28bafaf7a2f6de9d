"""The audit for the eyes: what was decided and done, and whether the chain holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sshq.chat.mrkdwn import escape
from sshq.chat.view import View
from sshq.chat.views.blocks import MOST_BLOCKS, pages, section
from sshq.chat.views.notices import notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sshq.chat.catalogue import Texts
    from sshq.domain.audit import Entry, Verification

MOST_LINES = 60
_MOST_FINDINGS = 20
_TAG = re.compile(r"\b[TE][A-Z0-9]{2,20}/([UW][A-Z0-9]{2,20})\b")


def audit_trail(entries: Sequence[Entry], here: Texts) -> View:
    """The latest first; the export has what doesn't fit here."""
    if not entries:
        return notice(here, "audit.none")
    title = here.mrkdwn("audit.title", count=str(len(entries)))
    lines = [_line(entry) for entry in entries[:MOST_LINES]]
    if len(entries) > MOST_LINES:
        lines.append(here.mrkdwn("audit.more", count=str(len(entries) - MOST_LINES)))
    blocks = [section(f"*{title}*"), *map(section, pages(lines))]
    return View(text=title, blocks=tuple(blocks[:MOST_BLOCKS]))


def audit_verified(found: Verification, here: Texts) -> View:
    """That every record is as it was sealed; or each that isn't."""
    facts = {"records": str(found.records), "last": str(found.last.seq)}
    if not found.findings:
        return notice(here, "audit.intact", digest=found.last.digest, **facts)
    text = here.mrkdwn("audit.broken", count=str(len(found.findings)), **facts)
    lines = [
        here.mrkdwn(f"audit.fault.{finding.fault.value}", seq=str(finding.seq))
        for finding in found.findings[:_MOST_FINDINGS]
    ]
    return View(text=text, blocks=(section("\n".join([f":rotating_light: {text}", *lines])),))


def _line(entry: Entry) -> str:
    """`#12 11-22 12:00:03 *allowed* <@U0ALICE> verb=run reason=a-member · request 1f2e…`"""
    facts = " ".join(f"{name}={escape(value)}" for name, value in entry.facts.items() if value)
    people = _TAG.sub(r"<@\1>", facts)
    who = _TAG.sub(r"<@\1>", entry.who)
    line = f"#{entry.seq} {entry.at:%m-%d %H:%M:%S} *{escape(entry.event)}* {who} {people}"
    if entry.request:
        line += f" · request {entry.request[:12]}"
    return line + "".join(f" · {escape(call)}" for call in _calls(entry))


def _calls(entry: Entry) -> list[str]:
    """Each operation once; the whole ids, and each of many, are in the export."""
    by_name: dict[str, list[str]] = {}
    for call in entry.aws:
        name, _, request = call.partition(" ")
        by_name.setdefault(name, []).append(request)
    return [
        f"{name} {ids[0][:12]}" if len(ids) == 1 else f"{name} × {len(ids)}"
        for name, ids in by_name.items()
    ]
