"""What a doctor found, a line for each check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat.view import View
from sshq.chat.views.blocks import section
from sshq.domain.health import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sshq.chat.catalogue import Texts
    from sshq.domain.health import Finding
    from sshq.domain.jobs import Job

_SIGNS = {
    Verdict.OK: ":white_check_mark:",
    Verdict.WARNING: ":warning:",
    Verdict.FAILED: ":x:",
}
_MOST_IN_A_SECTION = 8


def health(job: Job, findings: Sequence[Finding], here: Texts) -> View:
    """`/sshq doctor`: each finding, what to do about it, and where to look further."""
    title = here.mrkdwn("health.title", job=job.name)
    well = all(finding.verdict is Verdict.OK for finding in findings)
    lines = [_line(finding, here) for finding in findings]
    lines.append(here.mrkdwn("health.well" if well else "health.not-well", job=job.name))
    # A section holds 3000 characters: many nodes need several.
    pieces = [
        lines[at : at + _MOST_IN_A_SECTION] for at in range(0, len(lines), _MOST_IN_A_SECTION)
    ]
    blocks = (section(f"*{title}*"), *(section("\n".join(piece)) for piece in pieces))
    return View(text=title, blocks=blocks)


def _line(finding: Finding, here: Texts) -> str:
    key = f"health.{finding.check.value}.{finding.code}"
    line = f"{_SIGNS[finding.verdict]} {here.mrkdwn(key, **finding.facts)}"
    if finding.verdict is Verdict.OK:
        return line
    return f"{line}\n→ {here.mrkdwn(f'{key}.next', **finding.facts)}"
