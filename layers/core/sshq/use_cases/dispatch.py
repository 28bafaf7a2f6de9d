"""From a queue message to its use case; a refusal becomes an answer, and a request runs once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.chat.registry import BY_VERB
from sshq.domain.refusals import Refusal
from sshq.use_cases import (
    approving,
    auditing,
    ca,
    costs,
    doctor,
    enrolling,
    going_on,
    leaving,
    look,
    looking_at_people,
    mint,
    presets,
    reuse,
    run,
    sessions,
    setup,
    sharing,
    stop,
    waiting,
)
from sshq.use_cases.answering import answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services

    UseCase = Callable[[Services, QueueMessage, Any], None]

_COMMANDS: Mapping[str, UseCase] = {
    "doctor": doctor.doctor,
    "run": run.run,
    "run-again": waiting.again,
    "wait-cancel": waiting.cancel,
    "wait-instead": waiting.instead,
    "presets": presets.show_presets,
    "preset": presets.change_preset,
    "stop": stop.stop,
    "connect": mint.connect,
    "sessions": sessions.show,
    "end-session": sessions.end_one,
    "end-lease": sessions.end_all,
    "ticket-reused": reuse.alarm,
    "ca": ca.show,
    "list": look.jobs,
    "status": look.status,
    "logs": look.logs,
    "extend": going_on.extend,
    "start": going_on.start,
    "keep": going_on.keep,
    "cost": costs.cost,
    "whoami": looking_at_people.whoami,
    "users": looking_at_people.users,
    "user": looking_at_people.user,
    "remove-user": leaving.show_plan,
    "remove-user-apply": leaving.apply,
    "remove-user-cancel": leaving.cancel,
    "check-member": leaving.check,
    "share": sharing.share,
    "unshare": sharing.unshare,
    "audit": auditing.audit,
    "approve": approving.approve,
    "decline": approving.decline,
}
_PROVISIONING: Mapping[str, UseCase] = {
    "setup": setup.setup,
    "setup-details": setup.details,
    "teardown": setup.teardown,
    "add-user": enrolling.add_user,
    "set-limit": enrolling.set_limit,
    "forget-member": leaving.forget,
    "setup-apply": setup.apply,
    "setup-cancel": setup.cancel,
}


def commands(services: Services, message: QueueMessage) -> None:
    """Work off one message of commands.fifo."""
    _dispatch(services, message, _COMMANDS)


def provisioning(services: Services, message: QueueMessage) -> None:
    """Work off one message of provisioning.fifo."""
    _dispatch(services, message, _PROVISIONING)


def _dispatch(services: Services, message: QueueMessage, use_cases: Mapping[str, UseCase]) -> None:
    """Once for each request. What isn't a refusal is raised: the queue delivers it again."""
    services.audit.begin(message.request)
    if not services.requests.begin(message.request, message.verb, services.clock.now()):
        return
    command = BY_VERB[message.verb]
    typed = command.arguments.model_validate(message.arguments)
    try:
        use_cases[command.verb](services, message, typed)
    except Refusal as refusal:
        language = services.settings.language
        member = services.members.get(message.actor)
        here = texts(member.language if member else language)
        answer(services, message, views.refusal(refusal, here))
    services.requests.finish(message.request)
