"""`/sshq add-user` and `/sshq set-limit`: who is a member, with which limits and which IAM identity."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import LANGUAGES, texts
from sshq.domain.authorisation import Who
from sshq.domain.client_package import install_command
from sshq.domain.identity import Actor, slug
from sshq.domain.members import IamIdentity, IamKind, Limits, Member, identity_of_role, raises
from sshq.domain.money import Money, money
from sshq.domain.refusals import Reason, Refusal
from sshq.use_cases.answering import answer
from sshq.use_cases.approving import held_for_second_admin
from sshq.use_cases.authorising import authorise
from sshq.use_cases.looking_at_people import card

if TYPE_CHECKING:
    from sshq.chat.commands.members import AddUser, SetLimit
    from sshq.chat.view import View
    from sshq.domain.members import Profile
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services

_NONE = "none"


def add_user(services: Services, message: QueueMessage, arguments: AddUser) -> None:
    """Enrol whoever is named; a second time changes nothing. Nobody named: show a picker."""
    authorise(services, message.actor, Who.ADMIN, verb="add-user", about_admin=arguments.admin)
    here = texts(services.settings.language)
    if not arguments.users:
        answer(services, message, views.people_picker(here))
        return
    limits = _limits(services, arguments)
    users = _people(services, arguments.users)
    if arguments.admin and held_for_second_admin(services, message):
        return
    if len(users) == 1:
        answer(services, message, _enrol(services, message, arguments, limits, users[0]))
        return
    if arguments.iam_user or arguments.role:
        raise Refusal(Reason.ONE_PERSONS_IDENTITY)
    outcomes = []
    for user in users:
        try:
            outcomes.append(_enrol(services, message, arguments, limits, user))
        except Refusal as refusal:
            services.audit.record(
                "refused", actor=message.actor, verb="add-user", reason=refusal.reason.value
            )
            outcomes.append(views.refusal(refusal, here))
    answer(services, message, views.joined(outcomes))


def set_limit(services: Services, message: QueueMessage, arguments: SetLimit) -> None:
    """Change a member's limits, whether they are an admin, and which IAM identity is theirs."""
    who = Actor(team=message.actor.team, user=arguments.user)
    member = services.members.get(who)
    is_admin = bool(member and member.admin) or services.settings.policy.pins(who)
    authorise(
        services,
        message.actor,
        Who.ADMIN,
        verb="set-limit",
        about_admin=is_admin or arguments.make_admin is not None,
    )
    if member is None or member.leaving is not None:
        raise Refusal(Reason.NO_MEMBER, user=arguments.user)
    limits = _changed_limits(services, member.limits, arguments)
    wanted = {
        "limits": limits,
        "admin": member.admin if arguments.make_admin is None else arguments.make_admin,
        "iam": _changed_identity(services, member, arguments),
    }
    risky = raises(member.limits, limits) or (wanted["admin"] and not member.admin)
    if risky and held_for_second_admin(services, message):
        return
    changed = services.members.change(who, lambda stored: stored.model_copy(update=wanted))
    if changed is None:
        raise Refusal(Reason.NO_MEMBER, user=arguments.user)
    if member.iam != changed.iam:
        _leave(services, member)
    _join(services, changed)
    _record(services, message, "limits-set", changed)
    answer(services, message, card(services, changed, texts(services.settings.language)))


def _people(services: Services, named: tuple[str, ...]) -> list[str]:
    """The users who are named, those of user groups among them, each once."""
    users: list[str] = []
    for name in named:
        if not name.startswith("S"):
            users.append(name)
            continue
        of_group = services.chat.group_members(name)
        if of_group is None:
            raise Refusal(Reason.UNKNOWN_GROUP, group=name)
        users += of_group
    return list(dict.fromkeys(users))


def _enrol(
    services: Services, message: QueueMessage, arguments: AddUser, limits: Limits, user: str
) -> View:
    profile = services.chat.profile(user)
    if profile is None:
        raise Refusal(Reason.UNKNOWN_USER, user=user)
    who = Actor(team=message.actor.team, user=user, enterprise=message.actor.enterprise)
    objection = profile.objection or (Reason.STRANGER if profile.team != who.team else None)
    if objection is not None:
        raise Refusal(objection, user=user)
    member = _new_member(services, message, arguments, profile, who)
    member = member.model_copy(update={"limits": limits})
    here = texts(services.settings.language)
    # The same message, delivered again after a crash, finds its own row and goes on.
    stored = member if services.members.add(member) else services.members.get(who)
    if stored is None or stored.leaving is not None:
        raise Refusal(Reason.IS_LEAVING, user=user)
    _join(services, stored)
    if stored != member:
        return views.joined(
            [views.notice(here, "add-user.again", user=user), card(services, stored, here)]
        )
    _record(services, message, "enrolled", member)
    services.chat.post(
        services.chat.direct_message(user),
        views.notice(
            texts(member.language),
            "add-user.welcome",
            admin=message.actor.user,
            install=install_command(services.settings.api_host),
        ),
    )
    return views.joined(
        [views.notice(here, "add-user.done", user=user), card(services, member, here)]
    )


def _new_member(
    services: Services, message: QueueMessage, arguments: AddUser, profile: Profile, who: Actor
) -> Member:
    known = profile.locale[:2] in LANGUAGES
    name = slug(profile.name)
    return Member(
        actor=who,
        slug=name,
        language=profile.locale[:2] if known else services.settings.language,
        added_by=message.actor,
        # Not the time of the work, so that the same message makes the same row.
        added_at=message.received_at,
        admin=arguments.admin,
        iam=_identity(services, arguments.iam_user, arguments.role, name),
    )


def _limits(services: Services, arguments: AddUser) -> Limits:
    ours = services.settings.currency
    return Limits(
        budget=money(arguments.budget, ours) if arguments.budget else None,
        max_jobs=arguments.max_jobs,
        until=_end_of(services, arguments.until) if arguments.until else None,
    )


def _changed_limits(services: Services, limits: Limits, asked: SetLimit) -> Limits:
    changes: dict[str, object] = {}
    for name in ("budget", "max_jobs", "until"):
        value = getattr(asked, name)
        if value == _NONE:
            changes[name] = None
        elif value is not None:
            changes[name] = _limit(services, value)
    return limits.model_copy(update=changes)


def _limit(services: Services, asked: str | int | date) -> Money | int | datetime:
    if isinstance(asked, str):
        return money(asked, services.settings.currency)
    return _end_of(services, asked) if isinstance(asked, date) else asked


def _changed_identity(services: Services, member: Member, asked: SetLimit) -> IamIdentity | None:
    if asked.iam_user == _NONE:
        return None
    if asked.iam_user is None and asked.role is None:
        return member.iam
    return _identity(services, asked.iam_user, asked.role, member.slug)


def _identity(
    services: Services, user: str | None, role: str | None, session: str
) -> IamIdentity | None:
    """What IAM has under that name. AWS is asked once, here: never by name when somebody acts."""
    if user and role:
        raise Refusal(Reason.ONE_PERSONS_IDENTITY)
    if user:
        user_id = services.identities.id_of_user(user)
        if user_id is None:
            raise Refusal(Reason.UNKNOWN_IAM_IDENTITY, name=user)
        return IamIdentity(kind=IamKind.USER, name=user, user_id=user_id)
    if role:
        named = identity_of_role(role, account=services.settings.account, session=session)
        role_id = services.identities.id_of_role(named.role)
        if role_id is None:
            raise Refusal(Reason.UNKNOWN_IAM_IDENTITY, name=role)
        return IamIdentity(kind=IamKind.ROLE, name=role, user_id=f"{role_id}:{named.session}")
    return None


def _join(services: Services, member: Member) -> None:
    """Also for who is a member already: whatever took them out of the group is mended."""
    if member.iam is not None and member.iam.kind is IamKind.USER:
        services.identities.join_group(member.iam)


def _leave(services: Services, member: Member) -> None:
    if member.iam is not None and member.iam.kind is IamKind.USER:
        services.identities.leave_group(member.iam)


def _end_of(services: Services, day: date) -> datetime:
    """`--until` a day means: that day still (UTC)."""
    end = datetime.combine(day + timedelta(days=1), time(), UTC)
    if end <= services.clock.now():
        raise Refusal(Reason.DAY_HAS_PASSED, day=day.isoformat())
    return end


def _record(services: Services, message: QueueMessage, event: str, member: Member) -> None:
    limits = member.limits.model_dump(mode="json", exclude_none=True)
    if member.limits.budget is not None:
        limits["budget"] = str(member.limits.budget)
    services.audit.record(
        event,
        actor=message.actor,
        member=member.actor.tag,
        admin=str(member.admin).lower(),
        iam=member.iam.name if member.iam else "",
        **{name: str(value) for name, value in limits.items()},
    )
