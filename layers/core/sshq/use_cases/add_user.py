"""`/sshq add-user @alice`: enrol a Slack user, by id, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import LANGUAGES, texts
from sshq.domain.authorisation import Who
from sshq.domain.identity import Actor, slug
from sshq.domain.members import Member
from sshq.domain.refusals import Reason, Refusal
from sshq.use_cases.answering import answer
from sshq.use_cases.authorising import authorise

if TYPE_CHECKING:
    from sshq.chat.commands.members import AddUser
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services


def add_user(services: Services, message: QueueMessage, arguments: AddUser) -> None:
    """Enrol, tell the admin, and welcome the new member. Enrolling twice changes nothing."""
    authorise(services, message.actor, Who.ADMIN, verb="add-user")
    profile = services.chat.profile(arguments.user)
    if profile is None:
        raise Refusal(Reason.UNKNOWN_USER, user=arguments.user)
    objection = profile.objection or (
        Reason.STRANGER if profile.team != message.actor.team else None
    )
    if objection is not None:
        raise Refusal(objection, user=arguments.user)
    language = profile.locale[:2] if profile.locale[:2] in LANGUAGES else services.settings.language
    member = Member(
        actor=Actor(team=message.actor.team, user=arguments.user),
        slug=slug(profile.name),
        language=language,
        added_by=message.actor,
        added_at=services.clock.now(),
    )
    added = services.members.add(member)
    here = texts(services.settings.language)
    if not added:
        answer(services, message, views.notice(here, "add-user.again", user=arguments.user))
        return
    services.audit.record("enrolled", actor=message.actor, member=member.actor.tag)
    answer(services, message, views.notice(here, "add-user.done", user=arguments.user))
    services.chat.post(
        services.chat.direct_message(arguments.user),
        views.notice(texts(language), "add-user.welcome", admin=message.actor.user),
    )
