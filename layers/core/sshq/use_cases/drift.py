"""Drift: what differs from what setup made, and since when. Asked for, and looked for every day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.drift import Drift, drift, is_news
from sshq.domain.setup_plan import Plan, plan
from sshq.use_cases.answering import answer

if TYPE_CHECKING:
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services


def check(services: Services, message: QueueMessage) -> None:
    """`/sshq setup --check`"""
    found, dates, _ = _look(services)
    answer(services, message, views.drift(found, dates, texts(services.settings.language)))


def watch(services: Services) -> None:
    """The scheduler's daily look: the admins hear of what is new, and of that once."""
    if not services.setup_memory.get().made:
        return
    found, dates, news = _look(services)
    if not news:
        return
    services.audit.record("drift", actor=None, resources=", ".join(sorted(dates.since)))
    view = views.drift(found, dates, texts(services.settings.language))
    for _, user in sorted(services.settings.policy.admins):
        profile = services.chat.profile(user)
        if profile is not None and profile.is_a_person_of_the_team:
            services.chat.post(services.chat.direct_message(user), view)


def _look(services: Services) -> tuple[Plan, Drift, bool]:
    """The differences, their dates, and whether the last look didn't have one of them."""
    quickstart = services.setup_memory.get().quickstart
    found = plan(services.settings.names, services.account.read(), quickstart=quickstart)
    before = services.setup_memory.drift()
    dates = drift(found, before, services.clock.now())
    services.setup_memory.put_drift(dates)
    return found, dates, is_news(dates, before)
