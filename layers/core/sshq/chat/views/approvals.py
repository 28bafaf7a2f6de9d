"""A request that waits for a second person: the question, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sshq.chat.view import View
from sshq.chat.views.blocks import MOST_BLOCKS, actions, button, context, section
from sshq.chat.views.notices import notice
from sshq.domain.approvals import Outcome, Why

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sshq.chat.catalogue import Texts
    from sshq.domain.approvals import Approval


def approval_asked(approval: Approval, detail: Sequence[dict[str, Any]], here: Texts) -> View:
    """To each admin who may decide: who asks for what, why it waits, how long; and the buttons.

    `detail` are blocks that show what would be done.
    """
    title = here.mrkdwn("approval.asked", user=approval.asker.user, what=_what(approval, here))
    value = {"id": approval.id}
    blocks = [
        section(f"{title}\n{_why(approval, here)}"),
        *detail[: MOST_BLOCKS - 3],
        context(here.mrkdwn("approval.until", until=approval.expires_at)),
        actions(
            button(here.plain("approval.approve"), "approve", value, "primary"),
            button(here.plain("approval.decline"), "decline", value, "danger"),
        ),
    ]
    return View(text=title, blocks=tuple(blocks))


def approval_waits(approval: Approval, deciders: Sequence[str], here: Texts) -> View:
    """To whoever asked."""
    text = waits(approval, here)
    names = ", ".join(f"<@{user}>" for user in deciders)
    note = here.mrkdwn("approval.until", until=approval.expires_at)
    body = f"{text} {_why(approval, here)}\n{names}"
    return View(text=text, blocks=(section(body), context(note)))


def waits(approval: Approval, here: Texts) -> str:
    """For whom, and what."""
    key = "waits" if approval.why is Why.SECOND_ADMIN else "waits-for-one"
    return here.mrkdwn(f"approval.{key}", what=_what(approval, here))


def approval_settled(approval: Approval, here: Texts) -> View:
    """In place of the question, and to whoever asked if it wasn't approved."""
    outcome = approval.outcome or Outcome.LAPSED
    return notice(
        here,
        f"approval.{outcome.value}",
        user=approval.asker.user,
        what=_what(approval, here),
        by=approval.decided_by.user if approval.decided_by else "",
    )


def _what(approval: Approval, here: Texts) -> str:
    """Of a job its shape, too: by that a request is told from the next one of the same person."""
    if approval.is_for_a_job:
        return here.plain("approval.a-job", shape=approval.facts["shape"])
    return here.plain(f"command.{approval.verb}")


def _why(approval: Approval, here: Texts) -> str:
    said = here.mrkdwn(f"approval.why.{approval.why.value}", **approval.facts)
    if reason := approval.facts.get("reason"):
        return f"{said} {here.mrkdwn('approval.reason', reason=reason)}"
    return said
