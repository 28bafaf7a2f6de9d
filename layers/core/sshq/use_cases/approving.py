"""Hold a request for a second person; dispatch it again, or not, when they have pressed a button.

A use case that wants a second admin where the stack asks for one begins with

    if held_for_second_admin(services, message):
        return

and one that wants an approval for a reason of its own calls `hold` unless `message.approved_by`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.approvals import Approval, Outcome, Why, has_lapsed, secret_of, why_not
from sshq.domain.authorisation import Who
from sshq.domain.jobs import PREFIX_BYTES, own_prefix
from sshq.domain.refusals import Reason, Refusal
from sshq.use_cases.answering import answer
from sshq.use_cases.authorising import authorise
from sshq.use_cases.queueing import enqueue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sshq.chat.catalogue import Texts
    from sshq.chat.commands.approvals import AnApproval
    from sshq.domain.identity import Actor
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services


_HELD_FILE = "held.json"


def held_for_second_admin(
    services: Services, message: QueueMessage, *, detail: Sequence[dict[str, Any]] = ()
) -> bool:
    """Hold a high-risk request where the stack asks for a second admin and none has approved yet."""
    if not services.settings.second_admin or message.approved_by is not None:
        return False
    hold(services, message, Why.SECOND_ADMIN, detail=detail)
    return True


def hold(
    services: Services,
    message: QueueMessage,
    why: Why,
    *,
    detail: Sequence[dict[str, Any]] = (),
    **facts: str,
) -> None:
    """Ask every other admin, tell whoever asked, and keep the message until someone decides.

    `facts` fill the reason's sentence; `detail` are blocks that show what would be done. Called
    again for the same request, it asks only those who weren't asked yet.
    """
    deciders = _deciders(services, message.actor, why)
    if not deciders:
        raise Refusal(Reason.NO_SECOND_ADMIN)
    prefix = own_prefix(services.randomness.token(PREFIX_BYTES))
    wanted = Approval.of(message, why, services.clock.now(), facts, prefix)
    approval = services.approvals.add(wanted)
    if approval.outcome is not None:
        return
    here = _here(services)
    asked = services.approvals.shown(approval.id)
    if approval.prefix and not asked:
        # After the row, which says where it lies, and before anybody can decide.
        body = json.dumps(secret_of(message)).encode()
        services.startup_files.put(approval.prefix, {_HELD_FILE: body})
    for user in deciders:
        if user not in asked:
            channel = services.chat.direct_message(user)
            shown = services.chat.post(channel, views.approval_asked(approval, detail, here))
            services.approvals.add_shown(approval, user, shown)
    services.audit.record(
        "approval-asked", actor=message.actor, verb=message.verb, why=why.value, id=approval.id
    )
    answer(services, message, views.approval_waits(approval, deciders, _speech(services, approval)))


def approve(services: Services, message: QueueMessage, arguments: AnApproval) -> None:
    """The button: the held request goes on, as one that this admin approved."""
    approval = _settle(services, message, arguments, Outcome.APPROVED)
    released = approval.released(_secret(services, approval) if approval.message else {})
    if released is not None:
        enqueue(
            released,
            commands=services.commands_queue,
            provisioning=services.provisioning_queue,
        )
    _close(services, approval)


def decline(services: Services, message: QueueMessage, arguments: AnApproval) -> None:
    """The other button: nothing comes of it, and whoever asked is told."""
    approval = _settle(services, message, arguments, Outcome.DECLINED)
    _tell_asker(services, approval)
    _close(services, approval)


def lapse(services: Services) -> None:
    """The caretaker's part: what nobody decided in time is over, and whoever asked is told."""
    for approval in services.approvals.waiting():
        if has_lapsed(approval, services.clock.now()):
            # Nobody may approve it any more; and once it counts as over nobody looks at it again.
            _forget_secret(services, approval)
            over = approval.settled(Outcome.LAPSED, None)
            if services.approvals.settle(over):
                services.audit.record("approval-lapsed", actor=None, id=over.id, verb=over.verb)
                _tell_asker(services, over)
                _close(services, over)


def _settle(
    services: Services, message: QueueMessage, arguments: AnApproval, outcome: Outcome
) -> Approval:
    """The approval as decided by this admin now, or by an earlier delivery of the same click."""
    approval = services.approvals.get(arguments.id)
    # The second pair of eyes on what is risky must be one that no first pair could have made.
    risky = approval is not None and approval.why is Why.SECOND_ADMIN
    authorise(services, message.actor, Who.ADMIN, verb=message.verb, about_admin=risky)
    if approval is None:
        raise Refusal(Reason.APPROVAL_LAPSED)
    if (approval.outcome, approval.decided_by) == (outcome, message.actor):
        return approval
    reason = why_not(approval, message.actor, services.clock.now())
    if reason is not None:
        raise Refusal(reason)
    settled = approval.settled(outcome, message.actor)
    if not services.approvals.settle(settled):
        raise Refusal(Reason.APPROVAL_DECIDED)
    services.audit.record(
        outcome.value,
        actor=message.actor,
        asker=settled.asker.tag,
        verb=settled.verb,
        id=settled.id,
    )
    return settled


def _close(services: Services, approval: Approval) -> None:
    """Take the buttons away everywhere, and forget what was held: the file last, by which a message
    that wasn't sent yet is whole.
    """
    for shown in services.approvals.shown(approval.id).values():
        services.chat.update(shown, views.approval_settled(approval, _here(services)))
    services.approvals.forget_message(approval.id)
    _forget_secret(services, approval)


def _forget_secret(services: Services, approval: Approval) -> None:
    if approval.prefix:
        services.startup_files.delete(approval.prefix)


def _secret(services: Services, approval: Approval) -> dict[str, str]:
    if not approval.prefix:
        return {}
    kept = services.startup_files.get(approval.prefix, _HELD_FILE)
    if kept is None:  # the bucket was emptied meanwhile
        raise Refusal(Reason.APPROVAL_LAPSED)
    found: dict[str, str] = json.loads(kept)
    return found


def _tell_asker(services: Services, approval: Approval) -> None:
    channel = services.chat.direct_message(approval.asker.user)
    services.chat.post(channel, views.approval_settled(approval, _speech(services, approval)))


def _deciders(services: Services, asker: Actor, why: Why) -> list[str]:
    """The other admins of this workspace whom Slack still knows as people of it: those who may press
    the buttons (`_settle`), so for what is risky the stack's own alone.
    """
    admins = set(services.settings.policy.admins)
    if why is not Why.SECOND_ADMIN:
        now = services.clock.now()
        enrolled = [each for each in services.members.all() if each.admin and not each.is_over(now)]
        admins |= {(each.actor.team, each.actor.user) for each in enrolled}
    others = sorted(user for team, user in admins if team == asker.team and user != asker.user)
    profiles = {user: services.chat.profile(user) for user in others}
    return [user for user, found in profiles.items() if found and found.is_a_person_of_the_team]


def _speech(services: Services, approval: Approval) -> Texts:
    member = services.members.get(approval.asker)
    return texts(member.language if member else services.settings.language)


def _here(services: Services) -> Texts:
    return texts(services.settings.language)
