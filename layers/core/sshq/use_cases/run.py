"""`/sshq run`: one request, one job, whatever is delivered twice or dies half-way.

Each step can be done again: the job's row is made once under a name that follows from the request,
together with its reservation, and everything random (the channel's prefix) is kept there before it
is used. A request for which there is no capacity goes into the waiting room.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.authorisation import Who
from sshq.domain.jobs import PREFIX_BYTES, Job, Phase, job_name, own_prefix
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.run_policy import Objection
from sshq.domain.waiting import Cause
from sshq.use_cases.answering import answer
from sshq.use_cases.approving import hold
from sshq.use_cases.authorising import authorise
from sshq.use_cases.deciding import commit, terms_for
from sshq.use_cases.shaping import Shaped, label_of, shape_of
from sshq.use_cases.showing import announce, show
from sshq.use_cases.submitting import end_unsubmitted, submit
from sshq.use_cases.waiting import enter, show_again, stand_in_line

if TYPE_CHECKING:
    from sshq.chat.commands.asking import Run
    from sshq.domain.approvals import Why
    from sshq.domain.members import Member
    from sshq.domain.queue_message import QueueMessage
    from sshq.domain.run_policy import Terms
    from sshq.ports import Services


def run(services: Services, message: QueueMessage, arguments: Run) -> None:
    """Submit a job for the member who asked, and put its living message into their DM."""
    member = authorise(services, message.actor, Who.MEMBER, verb="run")
    if member is None:
        raise Refusal(Reason.NOT_A_MEMBER, user=message.actor.user)
    name = job_name(
        member_slug=member.slug, label=label_of(arguments), request=message.request, attempt=1
    )
    begun = services.jobs.get(name)
    if begun is not None:
        _carry_on(services, message, member, arguments, begun, again=True)
    elif not show_again(services, message):
        _begin(services, message, member, arguments, name)


def _begin(
    services: Services, message: QueueMessage, member: Member, asked: Run, name: str
) -> None:
    shaped = shape_of(services, asked)
    if message.approved_shape != shaped.shape.digest:
        # Its preset has changed since: nobody has approved this.
        message = message.model_copy(update={"approved_by": None})
    terms = terms_for(services, shaped, member, approved=message.approved_by is not None)
    if isinstance(terms, Objection):
        why, then = _what_to_ask(services, shaped, member, terms)
        facts = {"shape": _in_short(shaped, then), "reason": asked.reason} | terms.facts
        held = message.model_copy(update={"approved_shape": shaped.shape.digest})
        try:
            hold(services, held, why, detail=(), **facts)
        except Refusal as nobody:
            if nobody.reason is not Reason.NO_SECOND_ADMIN:
                raise
            # Whom the only admin can't ask: then it is what it would be without asking.
            raise Refusal(terms.reason, **terms.facts) from nobody
        return
    job = _new_job(services, message, asked, shaped, name, language=member.language)
    if stand_in_line(services, message, job, asked.env):
        return
    job, is_new = commit(services, job, shaped, member, terms)
    _carry_on(services, message, member, asked, job, again=not is_new)


def _what_to_ask(
    services: Services, shaped: Shaped, member: Member, objection: Objection
) -> tuple[Why, Terms]:
    """An approval lifts all that is the member's, so its question tells what the job may cost then;
    and nobody is asked for what would be refused afterwards.
    """
    if objection.ask is None:
        raise Refusal(objection.reason, **objection.facts)
    then = terms_for(services, shaped, member, approved=True)
    if isinstance(then, Objection):
        raise Refusal(then.reason, **then.facts)
    return objection.ask, then


def _carry_on(
    services: Services, message: QueueMessage, member: Member, asked: Run, job: Job, *, again: bool
) -> None:
    """Do what isn't done yet for a job whose row stands."""
    if not job.requeued and job.message is None:
        # Before anything is submitted: it says what the job costs.
        job = announce(services, job, again=again)
    if job.phase is Phase.REQUESTED:
        if again:
            # Whoever died on the way into the waiting room may have left it there.
            services.waiting_room.remove(job.request, attempt=job.attempt + 1)
        try:
            job = submit(services, job, member, asked.env)
        except Refusal as refusal:
            if refusal.reason is not Reason.QUOTA:
                end_unsubmitted(services, job, refusal)
                raise
            enter(services, job, Cause.QUOTA, refusal.facts.get("detail", ""))
            return
        show(services, job)
        answer(services, message, views.submitted(job, texts(job.language)))


def _new_job(
    services: Services,
    message: QueueMessage,
    asked: Run,
    shaped: Shaped,
    name: str,
    *,
    language: str,
) -> Job:
    now = services.clock.now()
    return Job(
        name=name,
        owner=message.actor,
        request=message.request,
        shape=shaped.shape,
        prefix=own_prefix(services.randomness.token(PREFIX_BYTES)),
        created_at=now,
        asked_at=now,
        phase_since=now,
        cap_seconds=0,
        deadline=now + timedelta(hours=shaped.shape.hours),
        response_url=message.answer.response_url,
        language=language,
        reason=asked.reason,
        approved_by=message.approved_by,
        ca_keys=services.ca.key_ids,
    )


def _in_short(shaped: Shaped, terms: Terms) -> str:
    shape = shaped.shape
    currency, price = terms.currency, terms.price_micros
    most = currency.show(terms.reserved_micros) if price else f"{currency.sign}?"
    return f"{shape.count} × {shape.pool}, {shape.hours:g} h, {shaped.image[0]}, ≤ {most}"
