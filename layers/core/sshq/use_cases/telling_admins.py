"""A word to every admin: those whom the stack names, and members who are admins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.domain.identity import Actor

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.chat.view import View
    from sshq.ports import Services


def tell_admins(
    services: Services,
    view: View,
    *,
    but: Actor | None = None,
    key: str = "",
    since: datetime | None = None,
) -> None:
    """Post to each admin's DM, as far as Slack still knows them as people of the team.

    `but` is told by another way. `since`: it may have been posted already, then, under that key.
    """
    pinned = {Actor(team=team, user=user) for team, user in services.settings.policy.admins}
    now = services.clock.now()
    enrolled = {m.actor for m in services.members.all() if m.admin and not m.is_over(now)}
    for user in sorted({actor.user for actor in pinned | enrolled} - {but.user if but else ""}):
        profile = services.chat.profile(user)
        if profile is None or profile.objection is not None:
            continue
        channel = services.chat.direct_message(user)
        if since is None or services.chat.find(channel, key, since) is None:
            services.chat.post(channel, view, key=key)
