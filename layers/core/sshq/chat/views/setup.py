"""Setup's plan, its progress and its outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sshq.chat.view import View
from sshq.chat.views.blocks import actions, button, context, header, section
from sshq.chat.views.notices import notice
from sshq.domain.setup_plan import Action, Change, Kind, Plan

if TYPE_CHECKING:
    from sshq.chat.catalogue import Texts


def plan(plan: Plan, here: Texts) -> View:
    """Every change with its reason, and the two buttons; or that there is nothing to do."""
    where = {"account": plan.account, "region": plan.region}
    if not plan.changes:
        return notice(here, "setup.nothing", **where)
    title = here.plain("setup.title", **where)
    counts = here.mrkdwn(
        "setup.counts",
        create=str(_count(plan, Action.CREATE)),
        change=str(_count(plan, Action.CHANGE)),
        same=str(plan.same),
    )
    blocks: list[dict[str, Any]] = [
        header(title),
        section("\n".join([*(_line(change, here) for change in plan.changes), "", counts])),
    ]
    if any(change.resource.kind is Kind.SETTING for change in plan.changes):
        blocks.append(context(here.mrkdwn("setup.costs")))
    value = {"digest": plan.digest}
    blocks.append(
        actions(
            button(here.plain("setup.confirm"), "setup-apply", value, "primary"),
            button(here.plain("setup.cancel"), "setup-cancel", value),
        )
    )
    return View(text=title, blocks=tuple(blocks))


def applying(plan: Plan, done: int, here: Texts) -> View:
    """How far it is, and what is made at the moment."""
    counts = here.mrkdwn("setup.applying", done=str(done), all=str(len(plan.changes)))
    made = [f":white_check_mark: {_line(change, here)}" for change in plan.changes[:done]]
    under_way = f":hourglass_flowing_sand: {_line(plan.changes[done], here)}"
    return View(text=counts, blocks=(section("\n".join([counts, *made, under_way])),))


def setup_done(plan: Plan, here: Texts) -> View:
    """The report."""
    text = here.mrkdwn("setup.done", all=str(len(plan.changes)))
    made = [f":white_check_mark: {_line(change, here)}" for change in plan.changes]
    return View(text=text, blocks=(section("\n".join([*made, "", text])),))


def setup_failed(change: Change, error: str, here: Texts) -> View:
    """Where it stopped, why, and that it can be gone on with."""
    return notice(here, "setup.failed", change=change.resource.key, error=error)


def _line(change: Change, here: Texts) -> str:
    action = here.mrkdwn(f"setup.{change.action.value}")
    why = here.mrkdwn(change.resource.why)
    return f"*{action}* {change.resource.kind.value} `{change.resource.name}`: {why}"


def _count(plan: Plan, action: Action) -> int:
    return sum(change.action is action for change in plan.changes)
