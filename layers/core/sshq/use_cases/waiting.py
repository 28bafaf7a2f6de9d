"""The waiting room: who finds no capacity waits in line, is called again, and may give up.

Exactly once holds here too: an attempt's name follows from the request and its number, an attempt
is made only when the one before has ended for want of capacity, and an entry is written on the
condition that it still stands before that attempt.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.data import prices
from sshq.domain.authorisation import Who
from sshq.domain.fallbacks import fallbacks
from sshq.domain.jobs import Job, Phase, job_name
from sshq.domain.presets import Preset, PresetBook
from sshq.domain.queue_message import Answer, QueueMessage
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.request_id import request_id
from sshq.domain.run_policy import Objection
from sshq.domain.waiting import (
    LONGEST_WAIT,
    MOST_EACH,
    Cause,
    WaitingRequest,
    first_to_call,
    lines,
)
from sshq.use_cases.announcing import post_once
from sshq.use_cases.answering import answer
from sshq.use_cases.authorising import authorise
from sshq.use_cases.deciding import commit, terms_for
from sshq.use_cases.release import release
from sshq.use_cases.shaping import Shaped
from sshq.use_cases.showing import announce, show
from sshq.use_cases.submitting import end_unsubmitted, forget, submit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sshq.chat.commands.asking import Again, Waiting
    from sshq.chat.view import View
    from sshq.domain.identity import Actor
    from sshq.domain.members import Member
    from sshq.ports import Services

# Where the environment lies while a request waits: in its own folder, which only the bot lists.
_ENV_FILE = "job.json"
# Slack takes about one change a second of a bot's messages; who is left out comes next minute.
_MOST_SHOWN = 30


def show_again(services: Services, message: QueueMessage) -> bool:
    """Whether this request stands in line already (it is delivered again): then its message is shown."""
    entry = services.waiting_room.get(message.request)
    if entry is None:
        return False
    if entry.message is None:
        _announce(services, message, entry, again=True)
    return True


def stand_in_line(
    services: Services, message: QueueMessage, job: Job, env: Mapping[str, str]
) -> bool:
    """Whether others wait for the same already: then this request waits behind them, untried."""
    entries, _, _ = services.waiting_room.all()
    if all(entry.shape.pool != job.shape.pool for entry in entries):
        return False
    if sum(entry.owner.is_same(job.owner) for entry in entries) >= MOST_EACH:
        raise Refusal(Reason.LINE_IS_FULL, most=str(MOST_EACH))
    services.startup_files.put(job.prefix, {_ENV_FILE: json.dumps({"env": dict(env)}).encode()})
    waits = _entry(job, Cause.LINE, "", attempt=job.attempt)
    entry, is_new = services.waiting_room.add(
        waits.model_copy(update={"correlation": message.correlation})
    )
    _announce(services, message, entry, again=not is_new)
    return True


def enter(services: Services, job: Job, cause: Cause, detail: str) -> None:
    """Put a request whose attempt found no capacity into the waiting room, before its next attempt.

    The entry is written before the row ends: should that be all that happens, whoever comes by
    again ends it, the next attempt (`_is_next`) if nobody did before. A row that was stopped meanwhile
    is wanted by nobody any more.
    """
    forget(services, job, keep_files=True)
    stored = services.waiting_room.get(job.request)
    entry = _entry(job, cause, detail, attempt=job.attempt + 1)
    if stored is None:
        services.waiting_room.add(entry)
    else:
        kept = {"shown_place": 0, "since": stored.since, "correlation": stored.correlation}
        services.waiting_room.replace(entry.model_copy(update=kept), attempt=job.attempt)
    now = services.clock.now()
    end = {"ended_at": now, "failure": cause.value, "requeued": True}
    ended = services.jobs.change(
        job.name, lambda row: row.entered(Phase.FAILED, now, **end) if row.may_go_on else None
    )
    row = ended or services.jobs.get(job.name) or job
    if row.requeued:
        settle_attempt(services, row)
    else:
        services.waiting_room.remove(job.request, attempt=entry.attempt)


def settle_attempt(services: Services, row: Job) -> None:
    """What is left to do for an attempt whose request waits for the next. Its row is settled last:
    until then the caretaker looks after it.
    """
    if row.settled:
        return
    release(services, row, billable_seconds=0)
    # When it ended: done again, it is the same try, and makes nobody's pause longer.
    services.waiting_room.tried_in_vain(row.shape.pool, row.ended_at or services.clock.now())
    services.audit.record("waits", actor=row.owner, job=row.name, cause=row.failure or "")
    show_places(services, only=row.request)
    services.jobs.change(row.name, lambda stored: stored.model_copy(update={"settled": True}))


def again(services: Services, message: QueueMessage, arguments: Again) -> None:
    """The caretaker has called: make the next attempt, if it is still the next."""
    entry = services.waiting_room.get(arguments.request)
    if (
        entry is not None
        and entry.attempt == arguments.attempt
        and entry.owner.is_same(message.actor)
    ):
        _attempt(services, entry)


def cancel(services: Services, message: QueueMessage, arguments: Waiting) -> None:
    """The button: the request leaves the line, and nothing of it stays."""
    entry = _own_entry(services, message, arguments.request)
    give_up(services, entry.request, message.actor)
    call(services)


def give_up(services: Services, request: str, by: Actor | None) -> bool:
    """Nobody wants it any more, if it waits. Whether it did."""
    entry = services.waiting_room.get(request)
    if entry is None:
        return False
    _cancel(services, entry, by)
    if entry.message is not None:
        here = texts(entry.language)
        services.chat.update(entry.message, views.notice(here, "waiting.cancelled", **_what(entry)))
    return True


def _cancel(services: Services, entry: WaitingRequest, by: Actor | None) -> None:
    _leave(services, entry)
    services.audit.record("wait-cancelled", actor=by, owner=entry.owner.tag, request=entry.request)


def _what(entry: WaitingRequest) -> dict[str, str]:
    return {"count": str(entry.shape.count), "pool": entry.shape.pool}


def requests_of(services: Services, owner: Actor) -> list[WaitingRequest]:
    """What a member waits for."""
    entries, _, _ = services.waiting_room.all()
    return [entry for entry in entries if entry.owner.is_same(owner)]


def leave_all(services: Services, member: Actor, by: Actor | None) -> None:
    """A member goes: nothing of theirs is begun any more, and their secrets stay nowhere."""
    for entry in requests_of(services, member):
        _cancel(services, entry, by)
        _say_instead(services, entry, Refusal(Reason.NOT_A_MEMBER, user=member.user))


def instead(services: Services, message: QueueMessage, arguments: Waiting) -> None:
    """The button: take another instance type, at once if nobody waits for that one."""
    entry = _own_entry(services, message, arguments.request)
    shape = entry.shape.model_copy(update={"instance": arguments.instance or entry.shape.instance})
    # Whoever approved it approved that type, at its price.
    fresh = {"shape": shape, "cause": Cause.LINE, "detail": "", "approved_by": None}
    moved = entry.model_copy(update=fresh)
    _check_affordable(services, moved)
    entries, _, _ = services.waiting_room.all()
    if not services.waiting_room.replace(moved, attempt=entry.attempt):
        raise Refusal(Reason.NO_LONGER_WAITING)
    others = [e for e in entries if e.request != moved.request and e.shape.pool == shape.pool]
    if others:
        show_places(services, only=moved.request)
    else:
        _attempt(services, moved)


def call(services: Services) -> bool:
    """The caretaker's part, and that of each success: call the first in line of each pool.

    Whether anybody waits.
    """
    entries, pools, turns = services.waiting_room.all()
    now = services.clock.now()
    waiting = [entry for entry in entries if now - entry.since <= LONGEST_WAIT]
    in_line = lines(waiting, _running(services) if waiting else {}, turns, now)
    for entry in first_to_call(in_line, pools, now):
        identity = f"attempt {entry.attempt} of {entry.request} at {now.isoformat()}"
        turn = QueueMessage(
            request=request_id(entry.owner.team, identity),
            correlation=entry.correlation,
            actor=entry.owner,
            verb="run-again",
            arguments={"request": entry.request, "attempt": entry.attempt},
            answer=Answer(),
            received_at=now,
        )
        services.commands_queue.send(
            turn.model_dump_json(), group=turn.group, deduplication=turn.request
        )
    for entry in entries:
        if now - entry.since > LONGEST_WAIT:
            # Whoever can't be told now is told with the next round.
            if entry.message is not None:
                here = texts(entry.language)
                services.chat.update(
                    entry.message, views.notice(here, "waiting.too-long", **_what(entry))
                )
            _leave(services, entry)
    return bool(entries)


def show_places(services: Services, *, only: str | None = None) -> None:
    """Bring the messages of those whose place has changed up to date, the first in line first.

    That is the caretaker's part, once a minute: a step of a long line changes every place in it, and
    Slack takes few changes at once. `only`: the request whose owner has just acted and looks at it.
    """
    entries, pools, turns = services.waiting_room.all()
    book = services.presets.read() if entries else PresetBook()
    changed = []
    running, now = _running(services) if entries else {}, services.clock.now()
    for pool, waiting in lines(entries, running, turns, now).items():
        for place, entry in enumerate(waiting, start=1):
            is_wanted = entry.request == only if only else entry.shown_place != place
            if is_wanted and entry.message is not None:
                changed.append((place, len(waiting), pool, entry))
    for place, length, pool, entry in sorted(changed, key=lambda row: row[0])[:_MOST_SHOWN]:
        next_try = pools[pool].next_try() if pool in pools else None
        view = _view(book, entry, place, length, next_try)
        if entry.message is not None:
            services.chat.update(entry.message, view)
        if not services.waiting_room.note_place(entry, place):
            _show_anew(services, entry)


def _show_anew(services: Services, entry: WaitingRequest) -> None:
    """It moved on while its place was being shown, which is the older truth."""
    if services.waiting_room.get(entry.request) is not None:
        show_places(services, only=entry.request)
        return
    for job in services.jobs.open_jobs():
        if job.request == entry.request:
            show(services, job.model_copy(update={"shown": ""}))
            return
    _say_instead(services, entry, Refusal(Reason.NO_LONGER_WAITING))


def _attempt(services: Services, entry: WaitingRequest) -> None:
    """One attempt. What isn't for want of capacity ends the waiting, and is told."""
    job: Job | None = None
    try:
        member = _member(services, entry)
        if not _is_next(services, entry, member):
            return
        job = _row(services, entry, member)
        if job.message is None:
            # Slack was away when the request came into the line: no job begins that nobody sees.
            job = announce(services, job, again=True)
        if job.phase is Phase.REQUESTED:
            job = submit(services, job, member, _environment(services, entry))
            services.waiting_room.count_turn(entry, services.clock.now())
    except Refusal as refusal:
        if refusal.reason is Reason.QUOTA and job is not None:
            enter(services, job, Cause.QUOTA, refusal.facts.get("detail", ""))
            return
        if refusal.reason is Reason.TOO_MANY_REQUESTS:
            return  # others were quicker at the budget: the caretaker calls again
        if job is not None:
            end_unsubmitted(services, job, refusal)
        else:
            _say_instead(services, entry, refusal)
        _leave(services, entry)
        raise
    if job.requeued:
        return  # an event was quicker
    services.waiting_room.let_in(entry.shape.pool)
    services.waiting_room.remove(entry.request, attempt=entry.attempt)
    call(services)
    # Last: were Slack away, the others would wait for it, and the caretaker shows the job anyway.
    show(services, job)


def _member(services: Services, entry: WaitingRequest) -> Member:
    """Whoever waited a week may have left meanwhile."""
    member = authorise(services, entry.owner, Who.MEMBER, verb="run")
    if member is None:
        raise Refusal(Reason.NOT_A_MEMBER, user=entry.owner.user)
    return member


def _is_next(services: Services, entry: WaitingRequest, member: Member) -> bool:
    """Whether the attempt before ended for want of capacity. If it ended otherwise, nobody waits."""
    if entry.attempt == 1:
        return True
    before = services.jobs.get(name_of_attempt(entry, member, entry.attempt - 1))
    if before is None or before.requeued:
        return True
    if not before.is_open:
        services.waiting_room.remove(entry.request, attempt=entry.attempt)
    elif before.phase is Phase.REQUESTED:
        # SageMaker never took it, and its worker died between this entry and the end of its row.
        enter(services, before, entry.cause, entry.detail)
    return False


def _row(services: Services, entry: WaitingRequest, member: Member) -> Job:
    """The attempt's row with its reservation, made once. Raises Refusal where a limit forbids it."""
    name = name_of_attempt(entry, member, entry.attempt)
    stored = services.jobs.get(name)
    if stored is not None:
        return stored
    now = services.clock.now()
    job = Job(
        name=name,
        owner=entry.owner,
        request=entry.request,
        shape=entry.shape,
        prefix=entry.prefix,
        created_at=now,
        asked_at=entry.since,
        phase_since=now,
        cap_seconds=0,
        deadline=now + timedelta(hours=entry.shape.hours),
        message=entry.message,
        language=entry.language,
        attempt=entry.attempt,
        reason=entry.reason,
        approved_by=entry.approved_by,
        ca_keys=services.ca.key_ids,
    )
    return commit(services, job, _shaped(services, entry), member)[0]


def _shaped(services: Services, entry: WaitingRequest) -> Shaped:
    """Of the image only the address is known now, and it was allowed when it was asked for."""
    preset = _preset(services.presets.read(), entry).model_copy(update={"allow_images": ()})
    return Shaped(shape=entry.shape, preset=preset, image=(entry.shape.image,))


def _check_affordable(services: Services, entry: WaitingRequest) -> None:
    """Better than at its turn: the request keeps the place that it has."""
    member = services.members.get(entry.owner)
    if member is not None:
        terms = terms_for(services, _shaped(services, entry), member, approved=False)
        if isinstance(terms, Objection):
            raise Refusal(terms.reason, **terms.facts)


def name_of_attempt(entry: WaitingRequest, member: Member, attempt: int) -> str:
    """The job's name that follows from the request and the attempt's number."""
    return job_name(
        member_slug=member.slug, label=entry.shape.name, request=entry.request, attempt=attempt
    )


def _environment(services: Services, entry: WaitingRequest) -> dict[str, str]:
    kept = services.startup_files.get(entry.prefix, _ENV_FILE)
    if kept is None:
        raise Refusal(Reason.NO_LONGER_WAITING)
    found: dict[str, str] = json.loads(kept)["env"]
    return found


def _entry(job: Job, cause: Cause, detail: str, *, attempt: int) -> WaitingRequest:
    return WaitingRequest(
        request=job.request,
        correlation=job.request[:12],
        owner=job.owner,
        shape=job.shape,
        prefix=job.prefix,
        attempt=attempt,
        since=job.asked_at or job.created_at,
        cause=cause,
        detail=detail,
        message=job.message,
        language=job.language,
        reason=job.reason,
        approved_by=job.approved_by,
    )


def _leave(services: Services, entry: WaitingRequest) -> None:
    services.startup_files.delete(entry.prefix)
    services.waiting_room.remove(entry.request, attempt=entry.attempt)


def _say_instead(services: Services, entry: WaitingRequest, refusal: Refusal) -> None:
    """In the request's message, whose place and buttons are over."""
    if entry.message is not None:
        services.chat.update(entry.message, views.refusal(refusal, texts(entry.language)))


def _own_entry(services: Services, message: QueueMessage, request: str) -> WaitingRequest:
    authorise(services, message.actor, Who.MEMBER, verb=message.verb)
    entry = services.waiting_room.get(request)
    if entry is None:
        raise Refusal(Reason.NO_LONGER_WAITING)
    if not entry.owner.is_same(message.actor):
        raise Refusal(Reason.NOT_YOUR_JOB, job=entry.shape.name)
    return entry


def _announce(
    services: Services, message: QueueMessage, entry: WaitingRequest, *, again: bool
) -> None:
    """The request's one message, and a word where the command was typed."""
    posted = post_once(
        services,
        entry.owner,
        _view(services.presets.read(), entry, 0, 0, None),
        key=entry.request,
        since=entry.since,
        again=again,
    )
    services.waiting_room.replace(
        entry.model_copy(update={"message": posted}), attempt=entry.attempt
    )
    here = texts(entry.language)
    answer(services, message, views.notice(here, "waiting.begun", pool=entry.shape.pool))
    show_places(services, only=entry.request)


def _view(
    book: PresetBook, entry: WaitingRequest, place: int, length: int, next_try: datetime | None
) -> View:
    usd = prices()["usd_per_hour"]
    other = fallbacks(entry.shape.instance, usd, _preset(book, entry))
    return views.waiting(entry, place=place, length=length, next_try=next_try, instead=other)


def _preset(book: PresetBook, entry: WaitingRequest) -> Preset:
    """As it is now; a preset that is gone forbids nothing any more."""
    return book.presets.get(entry.shape.preset) or Preset(name=entry.shape.preset)


def _running(services: Services) -> dict[str, dict[str, int]]:
    """Instances in use by pool and member."""
    found: dict[str, dict[str, int]] = {}
    for job in services.jobs.open_jobs():
        by_owner = found.setdefault(job.shape.pool, {})
        by_owner[job.owner.tag] = by_owner.get(job.owner.tag, 0) + job.shape.count
    return found
