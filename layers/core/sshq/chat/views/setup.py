"""Setup's plan, its progress and its outcome; drift; and the export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sshq.chat.mrkdwn import escape
from sshq.chat.view import View
from sshq.chat.views.blocks import MOST_BLOCKS, actions, button, context, header, section
from sshq.chat.views.notices import notice
from sshq.domain.change_details import details, documents
from sshq.domain.desired_state import Kind
from sshq.domain.setup_plan import Action, Change, Plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sshq.chat.catalogue import Texts
    from sshq.domain.drift import Drift
    from sshq.domain.refusals import Refusal

_LONGEST_CODE = 2900


def plan(plan: Plan, here: Texts, *, unfolded: int | None = None, alone: bool = True) -> View:
    """Every change with its reason, and the two buttons; or that there is nothing to do.

    `unfolded` is the change whose policies are shown; `alone`: no second admin will be asked.
    """
    purpose = "teardown" if plan.teardown else "setup"
    where = {"account": plan.account, "region": plan.region}
    title = here.plain(f"{purpose}.title", **where)
    if not plan.changes and not plan.blocked:
        text = here.mrkdwn(f"{purpose}.nothing", **where)
        return View(text=text, blocks=(section(text), *_notes(plan, here)))
    blocks: list[dict[str, Any]] = [header(title), *_changes(plan, here, unfolded)]
    blocks.append(section(_counts(plan, here)))
    blocks += _notes(plan, here)
    small = _small_print(plan, here, alone=alone)
    if small:
        blocks.append(context("\n".join(small)))
    value = {"digest": plan.digest}
    if plan.changes and not plan.blocked:
        style = "danger" if plan.teardown else "primary"
        confirm = button(here.plain("setup.confirm"), "setup-apply", value, style)
        cancel = button(here.plain("setup.cancel"), "setup-cancel", value)
        blocks = [*blocks[: MOST_BLOCKS - 1], actions(confirm, cancel)]
    return View(text=title, blocks=tuple(blocks[:MOST_BLOCKS]))


def plan_lines(plan: Plan, here: Texts) -> tuple[dict[str, Any], ...]:
    """The changes alone, for whoever is asked to approve them."""
    return tuple(section(_line_with_details(change, here)) for change in plan.changes)


def applying(made: Sequence[Change], now: Change, after: Sequence[Change], here: Texts) -> View:
    """How far it is, and what is made at the moment."""
    everything = len(made) + 1 + len(after)
    counts = here.mrkdwn("setup.applying", done=str(len(made)), all=str(everything))
    lines = [counts, *_made(made, here), f":hourglass_flowing_sand: {_line(now, here)}"]
    return View(text=counts, blocks=(section("\n".join([*lines, *_not_yet(after, here)])),))


def setup_waits(made: Sequence[Change], now: Change, seconds: float, here: Texts) -> View:
    """AWS asked for patience; it goes on by itself."""
    text = here.mrkdwn("setup.waits", seconds=f"{seconds:g}", change=now.resource.key)
    return View(text=text, blocks=(section("\n".join([*_made(made, here), "", text])),))


def setup_done(plan: Plan, made: Sequence[Change], here: Texts, *, alone: bool) -> View:
    """The report."""
    key = "teardown.done" if plan.teardown else "setup.done"
    text = here.mrkdwn(key, all=str(len(made)))
    blocks = [section("\n".join([*_made(made, here), "", text])), *_notes(plan, here)]
    if alone and not plan.teardown:
        blocks.append(context(here.mrkdwn("setup.alone")))
    return View(text=text, blocks=tuple(blocks))


def setup_failed(
    made: Sequence[Change],
    failed: Change,
    after: Sequence[Change],
    refusal: Refusal,
    here: Texts,
    *,
    digest: str,
) -> View:
    """What was done, what wasn't and why, and what to do."""
    text = here.mrkdwn("setup.failed", change=failed.resource.key)
    key = f"refusal.{refusal.reason.value}"
    why = here.mrkdwn(key, **refusal.facts)
    following = here.mrkdwn(f"{key}.next", **refusal.facts)
    lines = [
        *_made(made, here),
        f":x: {_line(failed, here)}\n      {why}",
        *_not_yet(after, here),
        "",
        f"{text} {following}",
    ]
    go_on = actions(button(here.plain("setup.go-on"), "setup-apply", {"digest": digest}))
    return View(text=f"{text} {why}", blocks=(section("\n".join(lines)), go_on))


def setup_unverified(made: Sequence[Change], refusal: Refusal, here: Texts) -> View:
    """All is done, and AWS wouldn't show it."""
    why = here.mrkdwn(f"refusal.{refusal.reason.value}", **refusal.facts)
    text = here.mrkdwn("setup.unverified", all=str(len(made)))
    return View(text=text, blocks=(section("\n".join([*_made(made, here), "", text, why])),))


def drift(found: Plan, dates: Drift, here: Texts) -> View:
    """What differs and since when; or that nothing does."""
    where = {"account": found.account, "region": found.region}
    if not dates.since:
        return notice(here, "drift.none", **where)
    title = here.mrkdwn("drift.title", count=str(len(dates.since)), **where)
    blocks: list[dict[str, Any]] = [section(f"*{title}*")]
    for change in found.changes:
        line = f"{_line_with_details(change, here)}\n_{_since(change.resource.key, dates, here)}_"
        blocks.append(section(line))
    blocks += [context(_since(item.resource, dates, here)) for item in found.by_hand]
    blocks += _notes(found, here)
    blocks.append(context(here.mrkdwn("drift.checked", at=dates.checked_at)))
    if found.changes and not found.blocked:
        repair = button(here.plain("drift.repair"), "setup", {"repair": True}, "primary")
        blocks.append(actions(repair))
    return View(text=title, blocks=tuple(blocks))


def export(template: str, here: Texts) -> View:
    """The template, in pieces that Slack takes."""
    title = here.mrkdwn("export.title")
    pieces = _code(template)
    return View(text=title, blocks=(section(title), *pieces, context(here.mrkdwn("export.note"))))


def _changes(plan: Plan, here: Texts, unfolded: int | None) -> list[dict[str, Any]]:
    blocks = []
    for number, change in enumerate(plan.changes):
        block = section(_line_with_details(change, here))
        written = documents(change)
        if written:
            is_open = number == unfolded
            label = here.plain("setup.fold" if is_open else "setup.unfold")
            value = {"digest": plan.digest, "change": None if is_open else number}
            unfold = button(label, "setup-details", value)
            unfold["action_id"] = f"{unfold['action_id']}:{number}"
            block["accessory"] = unfold
        blocks.append(block)
        if number == unfolded:
            for title, text in written:
                blocks += [context(f"`{escape(title)}`"), *_code(text)]
    return blocks


def _line_with_details(change: Change, here: Texts) -> str:
    lines = [_line(change, here)]
    for detail in details(change):
        why = f": {here.mrkdwn(detail.why)}" if detail.why else ""
        lines.append(f"      • {here.mrkdwn(detail.what, **detail.facts)}{why}")
    return "\n".join(lines)


def _counts(plan: Plan, here: Texts) -> str:
    if plan.teardown:
        return here.mrkdwn("teardown.counts", all=str(len(plan.changes)), left=str(len(plan.left)))
    return here.mrkdwn(
        "setup.counts",
        create=str(_count(plan, Action.CREATE)),
        change=str(_count(plan, Action.CHANGE)),
        same=str(plan.same),
    )


def _notes(plan: Plan, here: Texts) -> list[dict[str, Any]]:
    """What stops the plan, what only an administrator can do, and what is left alone."""
    blocks = [
        section(f":no_entry: `{note.resource}`: {here.mrkdwn(note.why, **note.facts)}")
        for note in plan.blocked
    ]
    for item in plan.by_hand:
        blocks.append(section(f":raised_hand: `{item.resource}`: {here.mrkdwn(item.why)}"))
        blocks += _code(item.command)
    if plan.left:
        lines = [f"• `{n.resource}`: {here.mrkdwn(n.why, **n.facts)}" for n in plan.left]
        blocks.append(section("\n".join([here.mrkdwn("setup.left"), *lines])))
    return blocks


def _small_print(plan: Plan, here: Texts, *, alone: bool) -> list[str]:
    found = []
    if any(c.resource.kind is Kind.SETTING for c in plan.changes) and not plan.teardown:
        found.append(here.mrkdwn("setup.costs"))
    if plan.quickstart:
        found.append(here.mrkdwn("setup.quickstart-warning"))
    if any(change.narrows for change in plan.changes):
        found.append(here.mrkdwn("setup.narrowing"))
    if alone:
        found.append(here.mrkdwn("setup.alone"))
    return found


def _since(key: str, dates: Drift, here: Texts) -> str:
    since = dates.since[key]
    if since.fine is None:
        return here.mrkdwn("drift.seen", seen=since.seen)
    return here.mrkdwn("drift.since", seen=since.seen, fine=since.fine)


def _made(changes: Sequence[Change], here: Texts) -> list[str]:
    return [f":white_check_mark: {_line(change, here)}" for change in changes]


def _not_yet(changes: Sequence[Change], here: Texts) -> list[str]:
    return [f":white_circle: {_line(change, here)}" for change in changes]


def _line(change: Change, here: Texts) -> str:
    puts_back = change.resource.kind is Kind.SETTING and change.action is Action.DELETE
    action = here.mrkdwn("setup.put-back" if puts_back else f"setup.{change.action.value}")
    why = here.mrkdwn(change.resource.why)
    kind = here.mrkdwn(f"setup.kind.{change.resource.kind.value}")
    return f"*{action}* {kind} `{change.resource.name}`: {why}"


def _count(plan: Plan, action: Action) -> int:
    return sum(change.action is action for change in plan.changes)


def _code(text: str) -> list[dict[str, Any]]:
    """A long text as code, cut between lines where it can be."""
    pieces, piece = [], ""
    for line in escape(text).splitlines(keepends=True):
        for start in range(0, len(line), _LONGEST_CODE):
            part = line[start : start + _LONGEST_CODE]
            if len(piece) + len(part) > _LONGEST_CODE:
                pieces.append(piece)
                piece = ""
            piece += part
    return [section(f"```{piece}```") for piece in [*pieces, piece] if piece]
