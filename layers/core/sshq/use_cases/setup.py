"""`/sshq setup`: plan → confirm → apply → verify. A second run makes no writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.authorisation import Who
from sshq.domain.desired_state import Kind
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.setup_plan import Action, Change, Plan, plan
from sshq.use_cases.answering import answer
from sshq.use_cases.approving import held_for_second_admin
from sshq.use_cases.authorising import authorise
from sshq.use_cases.drift import check
from sshq.use_cases.exporting import export
from sshq.use_cases.teardown import plan_of_teardown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sshq.chat.catalogue import Texts
    from sshq.chat.command import NoArguments
    from sshq.chat.commands.setup import Plan as WhichPlan
    from sshq.chat.commands.setup import PlanDetails, Setup
    from sshq.chat.view import View
    from sshq.domain.jobs import Message
    from sshq.domain.queue_message import QueueMessage
    from sshq.domain.setup_plan import Memory
    from sshq.ports import Services

# boto3 has tried four times by then. Together they leave the function time to tell of the end.
_PATIENCE_SECONDS = (5.0, 15.0)
# IAM is eventually consistent: what was just made may not be seen at once.
_VERIFY_AFTER_SECONDS = (2.0, 5.0)


def setup(services: Services, message: QueueMessage, arguments: Setup) -> None:
    """Show the plan with Confirm and Cancel; or the drift, or the template, as the option says."""
    authorise(services, message.actor, Who.STACK_ADMIN, verb="setup")
    if arguments.check:
        check(services, message)
    elif arguments.export:
        export(services, message, quickstart=arguments.quickstart)
    else:
        # A repair goes back to what was chosen; setup without the option chooses least privilege.
        chosen = services.setup_memory.get().quickstart if arguments.repair else False
        quickstart = arguments.quickstart or chosen
        show(services, message, plan_of_setup(services, quickstart=quickstart))


def details(services: Services, message: QueueMessage, arguments: PlanDetails) -> None:
    """Unfold the policies of one change in the plan's own message, or fold them again."""
    authorise(services, message.actor, Who.STACK_ADMIN, verb="setup-details")
    shown = services.plans.get(arguments.digest)
    if shown is None:
        raise Refusal(Reason.PLAN_EXPIRED)
    view = views.plan(
        shown, _here(services), unfolded=arguments.change, alone=not services.settings.second_admin
    )
    _replace(services, message, view)


def apply(services: Services, message: QueueMessage, arguments: WhichPlan) -> None:
    """Make exactly the changes that were shown, or show the new plan if the account has moved."""
    authorise(services, message.actor, Who.STACK_ADMIN, verb="setup-apply")
    shown = services.plans.get(arguments.digest)
    if shown is None:
        raise Refusal(Reason.PLAN_EXPIRED)
    here = _here(services)
    if held_for_second_admin(services, message, detail=views.plan_lines(shown, here)):
        _replace(services, message, views.notice(here, "setup.held"))
        return
    now = _again(services, shown)
    begun = services.plans.has_begun(shown.digest)
    if not now.changes and not now.blocked:
        # Another admin confirmed first, or this is the second delivery of a finished request.
        services.plans.discard(shown.digest)
        answer(services, message, views.plan(now, here))
        return
    if now.digest != shown.digest and not (begun and now.continues(shown)):
        services.plans.discard(shown.digest)
        _replace(services, message, views.notice(here, "setup.moved"))
        show(services, message, now)
        return
    services.plans.begin(shown.digest)
    if not shown.teardown:
        _remember(services, lambda _: {"quickstart": shown.quickstart})
    if _make(services, message, shown, now):
        services.plans.discard(shown.digest)


def teardown(services: Services, message: QueueMessage, arguments: NoArguments) -> None:  # noqa: ARG001
    """Show what would be taken away, with Confirm and Cancel."""
    authorise(services, message.actor, Who.STACK_ADMIN, verb="teardown")
    show(services, message, plan_of_teardown(services))


def cancel(services: Services, message: QueueMessage, arguments: WhichPlan) -> None:
    """Throw the plan away."""
    authorise(services, message.actor, Who.STACK_ADMIN, verb="setup-cancel")
    services.plans.discard(arguments.digest)
    _replace(services, message, views.notice(_here(services), "setup.cancelled"))


def show(services: Services, message: QueueMessage, found: Plan) -> None:
    """The plan into the admin's DM; kept only if there is something to confirm."""
    view = views.plan(found, _here(services), alone=not services.settings.second_admin)
    channel = services.chat.direct_message(message.actor.user)
    if found.changes and not found.blocked:
        services.plans.put(found)
    services.chat.post(channel, view)


def plan_of_setup(services: Services, *, quickstart: bool) -> Plan:
    """The plan as of this moment."""
    return plan(services.settings.names, services.account.read(), quickstart=quickstart)


def _again(services: Services, shown: Plan) -> Plan:
    if shown.teardown:
        return plan_of_teardown(services)
    return plan_of_setup(services, quickstart=shown.quickstart)


def _make(services: Services, message: QueueMessage, shown: Plan, found: Plan) -> bool:
    """Change by change, each told before it is made; False if it had to stop."""
    here = _here(services)
    for number, change in enumerate(found.changes):
        made, after = found.changes[:number], found.changes[number + 1 :]
        _replace(services, message, views.applying(made, change, after, here))
        try:
            _make_patiently(services, message, made, change)
        except Refusal as refusal:
            _stopped(services, message, shown, (made, change, after), refusal)
            return False
        except Exception:
            # The queue delivers it again, and it goes on; until then nobody should wonder.
            unknown = Refusal(Reason.INTERNAL, correlation=message.correlation)
            _stopped(services, message, shown, (made, change, after), unknown)
            raise
        services.audit.record(
            "setup-change",
            actor=message.actor,
            change=change.resource.key,
            action=change.action.value,
            **({"approved_by": message.approved_by.tag} if message.approved_by else {}),
        )
    try:
        left = _verified(services, shown)
    except Refusal as refusal:
        _replace(services, message, views.setup_unverified(found.changes, refusal, here))
        return False
    if left.changes:
        differing = ", ".join(change.resource.key for change in left.changes)
        made = tuple(c for c in found.changes if c.resource not in _resources(left.changes))
        _stopped(
            services,
            message,
            shown,
            (made, left.changes[0], left.changes[1:]),
            Refusal(Reason.NOT_AS_WRITTEN, resources=differing),
        )
        return False
    alone = not services.settings.second_admin
    outcome = found.model_copy(update={"by_hand": left.by_hand, "left": left.left})
    _replace(services, message, views.setup_done(outcome, found.changes, here, alone=alone))
    return True


def _make_patiently(
    services: Services, message: QueueMessage, made: Sequence[Change], change: Change
) -> None:
    """One change; a busy AWS is waited for, aloud."""
    for seconds in _PATIENCE_SECONDS:
        try:
            _make_one(services, change)
        except Refusal as refusal:
            if refusal.reason is not Reason.AWS_BUSY:
                raise
        else:
            return
        view = views.setup_waits(made, change, seconds, _here(services))
        _replace(services, message, view)
        services.clock.sleep(seconds)
    _make_one(services, change)


def _make_one(services: Services, change: Change) -> None:
    """What sshq makes is written down before it is made, so that a crash can't make it forget."""
    key, name = change.resource.key, change.resource.name
    if change.action is Action.CREATE:
        now = services.clock.now()
        _remember(services, lambda memory: {"made": {key: now} | memory.made})
    elif change.resource.kind is Kind.SETTING and change.was:
        before = {name: change.was["value"]}
        _remember(services, lambda memory: {"settings_before": before | memory.settings_before})
    try:
        services.account.apply(change)
    except Refusal as refusal:
        if refusal.reason in {Reason.MADE_MEANWHILE, Reason.BUCKET_TAKEN}:
            _forget(services, key)
        raise
    if change.action is Action.DELETE:
        _forget(services, key)


def _verified(services: Services, shown: Plan) -> Plan:
    """What is still to be done after all was done: nothing, once AWS sees it everywhere."""
    left = _again(services, shown)
    for seconds in _VERIFY_AFTER_SECONDS:
        if left.changes:
            services.clock.sleep(seconds)
            left = _again(services, shown)
    return left


def _stopped(
    services: Services,
    message: QueueMessage,
    shown: Plan,
    where: tuple[Sequence[Change], Change, Sequence[Change]],
    refusal: Refusal,
) -> None:
    made, failed, after = where
    view = views.setup_failed(made, failed, after, refusal, _here(services), digest=shown.digest)
    _replace(services, message, view)
    services.audit.record(
        "setup-stopped",
        actor=message.actor,
        change=failed.resource.key,
        reason=refusal.reason.value,
    )


def _resources(changes: Sequence[Change]) -> list[object]:
    return [change.resource for change in changes]


def _remember(services: Services, change: Callable[[Memory], dict[str, Any]]) -> None:
    """Written only if it is news: a second run writes nothing."""
    memory = services.setup_memory.get()
    changed = memory.model_copy(update=change(memory))
    if changed != memory:
        services.setup_memory.put(changed)


def _forget(services: Services, key: str) -> None:
    def without(memory: Memory) -> dict[str, Any]:
        return {
            "made": {k: at for k, at in memory.made.items() if k != key},
            "settings_before": {
                name: value
                for name, value in memory.settings_before.items()
                if f"{Kind.SETTING.value}:{name}" != key
            },
        }

    _remember(services, without)


def _replace(services: Services, message: QueueMessage, view: View) -> None:
    """The plan's own message carries the progress and the outcome, so its buttons go with the first."""
    shown: Message | None = message.answer.message
    if shown is None:
        answer(services, message, view)
    else:
        services.chat.update(shown, view)


def _here(services: Services) -> Texts:
    return texts(services.settings.language)
