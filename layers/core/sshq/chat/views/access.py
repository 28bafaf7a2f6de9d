"""Ways into jobs: who holds a lease and is connected, the alarm for a reused ticket, the CA's keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sshq.chat.view import View
from sshq.chat.views.blocks import MOST_BLOCKS, actions, button, context, section, sections
from sshq.chat.views.notices import notice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sshq.chat.catalogue import Texts
    from sshq.chat.commands.access import ReusedTicket
    from sshq.domain.ca_rotation import Rotation
    from sshq.domain.jobs import Job
    from sshq.domain.leases import Lease, LeaseSession
    from sshq.domain.registrations import Stranger
    from sshq.domain.tickets import Ticket


_MOST_STRANGERS = 8


def ticket_reused(ticket: Ticket, reused: ReusedTicket, here: Texts) -> View:
    """The alarm to the owner: who, and whence."""
    return notice(
        here,
        "ticket.reused",
        job=ticket.job,
        source=reused.source,
        fingerprint=reused.key,
        client=reused.client or here.plain("sessions.unknown-client"),
        first_source=ticket.redeemed_from,
    )


def too_many_nodes(job: Job, strangers: Iterable[Stranger], here: Texts) -> View:
    """The alarm to a job's owner and the admins: which nodes, why, and what to do."""
    title = here.mrkdwn("too-many.title", job=job.name, owner=job.owner.user)
    nodes = [f"• {line}" for line in stranger_lines(strangers, here)]
    following = here.mrkdwn("too-many.next", job=job.name)
    said = sections([f":rotating_light: *{title}*", *nodes, following])
    return View(text=title, blocks=tuple(said))


def stranger_lines(strangers: Iterable[Stranger], here: Texts) -> list[str]:
    """A sentence for each node that is kept out of a job, and why; of very many, for the first."""
    lines = [here.mrkdwn(f"too-many.{each.why.value}", node=each.id) for each in strangers]
    more = len(lines) - _MOST_STRANGERS
    rest = [here.mrkdwn("sessions.more", count=str(more))] if more > 0 else []
    return [*lines[:_MOST_STRANGERS], *rest]


def session_list(held: list[tuple[Lease, list[LeaseSession]]], here: Texts) -> View:
    """`/sshq sessions`: each laptop's lease, what it has open, and the buttons that end them."""
    if not held:
        return notice(here, "sessions.none")
    title = here.mrkdwn("sessions.title")
    groups = [_lease(lease, sessions, here) for lease, sessions in held]
    blocks: list[dict[str, Any]] = [section(f"*{title}*")]
    for shown, group in enumerate(groups):
        if len(blocks) + len(group) >= MOST_BLOCKS:
            blocks.append(context(here.mrkdwn("sessions.more", count=str(len(groups) - shown))))
            break
        blocks += group
    return View(text=title, blocks=tuple(blocks))


def ca(rotation: Rotation, here: Texts) -> View:
    """`/sshq ca`: which key signs, which is trusted, and what comes next."""
    title = here.mrkdwn("ca.title")
    lines = [
        here.mrkdwn(
            "ca.signs" if key.signs else "ca.trusted",
            fingerprint=key.fingerprint,
            jobs=str(key.jobs),
        )
        for key in rotation.keys
    ]
    step = here.mrkdwn(
        f"ca.{rotation.step.value}", next=rotation.next_setting, jobs=str(rotation.waiting)
    )
    return View(text=title, blocks=(section("\n".join([f"*{title}*", *lines])), context(step)))


def _lease(lease: Lease, sessions: list[LeaseSession], here: Texts) -> list[dict[str, Any]]:
    # A lease's sessions, its own button and its line: within what one message can hold.
    most = 20
    rows: list[dict[str, Any]] = [
        section(
            here.mrkdwn(
                "sessions.lease",
                job=lease.job,
                source=lease.source or "?",
                client=lease.client or here.plain("sessions.unknown-client"),
                since=lease.created_at,
            )
        )
    ]
    for each in sessions[:most]:
        text = here.mrkdwn(
            "sessions.session",
            rank=str(each.rank),
            since=each.started_at,
            session=each.id,
        )
        end = _ends(
            here.plain("sessions.end"), "end-session", {"lease": lease.id, "session": each.id}
        )
        rows.append(section(text) | {"accessory": end})
    if len(sessions) > most:
        rows.append(context(here.mrkdwn("sessions.more", count=str(len(sessions) - most))))
    if not sessions:
        rows.append(context(here.mrkdwn("sessions.no-session")))
    whole = _ends(here.plain("sessions.end-lease"), "end-lease", {"lease": lease.id})
    return [*rows, actions(whole)]


def _ends(label: str, verb: str, value: dict[str, Any]) -> dict[str, Any]:
    """A button whose action says what it ends: one message has many of them."""
    last = list(value.values())[-1]
    return button(label, verb, value, "danger") | {"action_id": f"sshq:{verb}:{last}"}
