"""`/sshq setup`: plan → confirm → apply → verify. A second run makes no writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.authorisation import Who
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.setup_plan import Plan, desired, plan
from sshq.use_cases.answering import answer
from sshq.use_cases.authorising import authorise

if TYPE_CHECKING:
    from sshq.chat.catalogue import Texts
    from sshq.chat.command import NoArguments
    from sshq.chat.commands.setup import Plan as WhichPlan
    from sshq.chat.view import View
    from sshq.domain.jobs import Message
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services


def show_plan(services: Services, message: QueueMessage, arguments: NoArguments) -> None:  # noqa: ARG001
    """Read the account and show what would be changed, with Confirm and Cancel."""
    authorise(services, message.actor, Who.ADMIN, verb="setup")
    _show(services, message, plan_now(services))


def apply(services: Services, message: QueueMessage, arguments: WhichPlan) -> None:
    """Make exactly the changes that were shown, or show the new plan if the account has moved."""
    authorise(services, message.actor, Who.ADMIN, verb="setup-apply")
    shown = services.plans.get(arguments.digest)
    if shown is None:
        raise Refusal(Reason.PLAN_EXPIRED)
    now = plan_now(services)
    if not now.changes:
        # Another admin confirmed first, or this is the second delivery of a finished request.
        services.plans.discard(arguments.digest)
        answer(services, message, views.plan(now, _here(services)))
        return
    if now.digest != shown.digest and not _is_rest_of(now, shown):
        services.plans.discard(arguments.digest)
        answer(services, message, views.notice(_here(services), "setup.moved"))
        _show(services, message, now)
        return
    _make(services, message, now)
    services.plans.discard(arguments.digest)


def cancel(services: Services, message: QueueMessage, arguments: WhichPlan) -> None:
    """Throw the plan away."""
    authorise(services, message.actor, Who.ADMIN, verb="setup-cancel")
    services.plans.discard(arguments.digest)
    _replace(services, message, views.notice(_here(services), "setup.cancelled"))


def plan_now(services: Services) -> Plan:
    """The plan as of this moment."""
    return plan(desired(services.settings.names), services.account.read())


def _is_rest_of(now: Plan, shown: Plan) -> bool:
    """Whether what is left to do is part of what was confirmed: an apply that was cut short."""
    return all(change in shown.changes for change in now.changes)


def _show(services: Services, message: QueueMessage, found: Plan) -> None:
    view = views.plan(found, _here(services))
    channel = services.chat.direct_message(message.actor.user)
    if found.changes:
        services.plans.put(found)
    services.chat.post(channel, view)


def _make(services: Services, message: QueueMessage, found: Plan) -> None:
    here = _here(services)
    for done, change in enumerate(found.changes):
        _replace(services, message, views.applying(found, done, here))
        try:
            services.account.apply(change)
        except Refusal as refusal:
            detail = refusal.facts.get("detail", refusal.reason.value)
            _replace(services, message, views.setup_failed(change, detail, here))
            return
        services.audit.record(
            "setup-change",
            actor=message.actor,
            change=change.resource.key,
            action=change.action.value,
        )
    left = plan_now(services)
    if left.changes:
        detail = ", ".join(change.resource.key for change in left.changes)
        _replace(services, message, views.setup_failed(left.changes[0], detail, here))
        return
    _replace(services, message, views.setup_done(found, here))


def _replace(services: Services, message: QueueMessage, view: View) -> None:
    """The plan's own message carries the progress and the outcome, so its buttons go with the first."""
    shown: Message | None = message.answer.message
    if shown is None:
        answer(services, message, view)
    else:
        services.chat.update(shown, view)


def _here(services: Services) -> Texts:
    return texts(services.settings.language)
