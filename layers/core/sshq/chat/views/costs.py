"""What jobs have cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat.view import View
from sshq.chat.views.blocks import context, section

if TYPE_CHECKING:
    from sshq.chat.catalogue import Texts
    from sshq.domain.costs import Bill, Line, TeamBill
    from sshq.domain.money import Currency

MOST_LINES = 20


def bill(found: Bill, user: str, currency: Currency, here: Texts) -> View:
    """One member's month: the total, and the dearest jobs."""
    facts = {"user": user, "month": found.month, "total": currency.show(found.total)}
    title = here.mrkdwn("bill.title", jobs=str(len(found.lines)), **facts)
    return _view(title, [_line(line, here) for line in found.lines[:MOST_LINES]], found, here)


def team_bill(found: TeamBill, currency: Currency, here: Texts) -> View:
    """Everybody's month: the total, and who."""
    facts = {"month": found.month, "total": currency.show(found.total), "jobs": str(found.jobs)}
    rows = [
        here.mrkdwn(
            "bill.member",
            user=each.owner.user,
            total=currency.show(each.spent),
            jobs=str(each.jobs),
        )
        for each in found.spendings[:MOST_LINES]
    ]
    return _view(here.mrkdwn("bill.team", **facts), rows, found, here)


def _view(title: str, rows: list[str], found: Bill | TeamBill, here: Texts) -> View:
    blocks = [section("\n".join([f"*{title}*", *rows]))]
    notes = [here.mrkdwn("bill.note")]
    if found.unknown:
        notes.append(here.mrkdwn("bill.unknown", jobs=str(found.unknown)))
    return View(text=title, blocks=(*blocks, context(" ".join(notes))))


def _line(line: Line, here: Texts) -> str:
    cost = "?" if line.micros is None else line.job.currency.show(line.micros)
    phase = here.plain(f"job.step.{line.job.phase.value}")
    return here.mrkdwn("bill.job", cost=cost, job=line.job.name, phase=phase)
