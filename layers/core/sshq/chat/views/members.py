"""Members: the list, one of them, the picker, and what it takes to see somebody off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sshq.chat.view import View
from sshq.chat.views.blocks import (
    MOST_BLOCKS,
    actions,
    button,
    pages,
    people_input,
    section,
)
from sshq.domain.members import IamKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sshq.chat.catalogue import Texts
    from sshq.domain.jobs import Job
    from sshq.domain.members import Member
    from sshq.domain.money import Money
    from sshq.domain.partings import Belongings


def joined(views: Sequence[View]) -> View:
    """Several answers as one message; what doesn't fit into a message is left out, and it shows."""
    text = "\n".join(view.text for view in views)
    blocks = [block for view in views for block in view.blocks]
    if len(blocks) > MOST_BLOCKS:
        blocks = [*blocks[: MOST_BLOCKS - 1], section("…")]
    return View(text=text, blocks=tuple(blocks))


def people_picker(here: Texts) -> View:
    """Who shall be enrolled, from Slack's own list of people."""
    title = here.mrkdwn("add-user.whom")
    return View(
        text=title,
        blocks=(
            people_input(here.plain("add-user.whom"), "users"),
            actions(button(here.plain("add-user.add"), "add-user", {}, "primary")),
        ),
    )


def member_list(
    members: Sequence[Member],
    jobs: Mapping[str, int],
    pinned: Sequence[str],
    now: datetime,
    here: Texts,
) -> View:
    """Everybody in as many sections as it takes; `jobs` counts the open ones by their owner's tag."""
    title = here.mrkdwn("users.title", count=str(len(members)))
    admins = here.mrkdwn("users.pinned", admins=", ".join(f"@{user}" for user in pinned))
    for user in pinned:
        admins = admins.replace(f"@{user}", f"<@{user}>")
    lines = [
        f"• <@{member.actor.user}>  "
        + " · ".join(_facts(member, jobs.get(member.actor.tag, 0), now, here))
        for member in members
    ]
    blocks = [section(f"*{title}*\n{admins}"), *map(section, pages(lines))]
    return View(text=title, blocks=tuple(blocks[:MOST_BLOCKS]))


def member_card(
    member: Member, jobs: Sequence[Job], spent: Money, now: datetime, here: Texts
) -> View:
    """One member: since when, limits, identity, open jobs, what they spend.

    `spent` is this month's: what ended jobs have cost, and what is set aside for open ones.
    """
    since = here.mrkdwn(
        "member.since", since=f"{member.added_at:%Y-%m-%d}", admin=member.added_by.user
    )
    facts = " · ".join(_facts(member, len(jobs), now, here))
    money = here.mrkdwn("member.spent", spent=str(spent))
    lines = [f"<@{member.actor.user}>  {since}", facts, money]
    lines += [f"• `{job.name}` ({here.mrkdwn(f'job.phase.{job.phase.value}')})" for job in jobs]
    if member.iam is not None and member.iam.kind is IamKind.ROLE:
        session = member.iam.user_id.partition(":")[2]
        lines.append(here.mrkdwn("member.role", session=session))
    return View(text=lines[0], blocks=(section("\n".join(lines)),))


def removal_plan(belongings: Belongings, heir: str | None, group: str, here: Texts) -> View:
    """What goes with somebody, and the two buttons."""
    user = belongings.member.actor.user
    title = here.mrkdwn("remove-user.title", user=user)
    lines = [title]
    for job in belongings.jobs:
        key = "remove-user.hand-over" if heir else "remove-user.stop"
        lines.append("• " + here.mrkdwn(key, job=job.name, heir=heir or ""))
    lines.append(
        "• "
        + here.mrkdwn(
            "remove-user.access",
            leases=str(len(belongings.leases)),
            sessions=str(belongings.sessions),
            shares=str(len(belongings.shares)),
        )
    )
    if belongings.member.iam is not None:
        lines.append(
            "• " + here.mrkdwn("remove-user.iam", name=belongings.member.iam.name, group=group)
        )
    value: dict[str, Any] = {"user": user} | ({"hand_over": heir} if heir else {})
    return View(
        text=title,
        blocks=(
            section("\n".join(lines)),
            actions(
                button(here.plain("remove-user.confirm"), "remove-user-apply", value, "danger"),
                button(here.plain("remove-user.cancel"), "remove-user-cancel", value),
            ),
        ),
    )


def parted(belongings: Belongings, why: str, heir: str | None, here: Texts) -> View:
    """What was done when somebody left."""
    jobs = ", ".join(job.name for job in belongings.jobs) or "–"
    text = here.mrkdwn(
        "leaving.done",
        user=belongings.member.actor.user,
        why=here.plain(f"leaving.{why}"),
        jobs=jobs,
        leases=str(len(belongings.leases)),
        sessions=str(belongings.sessions),
    )
    if heir and belongings.jobs:
        text += " " + here.mrkdwn("leaving.heir", heir=heir)
    return View(text=text, blocks=(section(text),))


def shared_with_you(job: Job, until: datetime | None, here: Texts) -> View:
    """To the member with whom a job was shared: the way in."""
    key = "share.yours-until" if until else "share.yours"
    text = here.mrkdwn(key, job=job.name, owner=job.owner.user, until=until or "")
    go = button(here.plain("job.connect"), "connect", {"job": job.name}, "primary")
    return View(text=text, blocks=(section(text), actions(go)))


def _facts(member: Member, jobs: int, now: datetime, here: Texts) -> list[str]:
    limits = member.limits
    facts = []
    if member.admin:
        facts.append(here.mrkdwn("member.admin"))
    if limits.max_jobs is None:
        facts.append(here.mrkdwn("member.jobs", count=str(jobs)))
    else:
        facts.append(here.mrkdwn("member.jobs-of", count=str(jobs), most=str(limits.max_jobs)))
    if limits.budget is not None:
        facts.append(here.mrkdwn("member.budget", budget=str(limits.budget)))
    if limits.until is not None:
        # The first moment that is too late is kept; people name the last day.
        last = limits.until.fromtimestamp(limits.until.timestamp() - 1, limits.until.tzinfo)
        facts.append(here.mrkdwn("member.until", until=f"{last:%Y-%m-%d}"))
    if member.iam is not None:
        facts.append(here.mrkdwn(f"member.iam-{member.iam.kind.value}", name=member.iam.name))
    if member.is_over(now):
        facts.append(here.mrkdwn("member.over"))
    return facts
