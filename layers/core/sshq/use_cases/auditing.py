"""`/sshq audit`: read the audit, export it, verify it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.audit import Link, concerns_job, concerns_person, verify
from sshq.domain.authorisation import Who
from sshq.domain.refusals import Reason, Refusal
from sshq.use_cases.answering import answer
from sshq.use_cases.authorising import authorise

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from sshq.chat.commands.audit import Audit
    from sshq.domain.audit import Entry
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services

_FOLDER, _FILE = "audit", "audit.jsonl"
# Clocks of two functions differ by less; the chain's order is by its numbers.
_SKEW = timedelta(minutes=10)


def audit(services: Services, message: QueueMessage, arguments: Audit) -> None:
    """What was decided and done: of everybody, of somebody, or about a job."""
    authorise(services, message.actor, Who.ADMIN, verb="audit")
    here = texts(services.settings.language)
    if arguments.verify:
        head = services.audit.head()
        found = verify(services.audit.entries(), first=Link(), head=head)
        answer(services, message, views.audit_verified(found, here))
        return
    today = services.clock.now().date()
    if arguments.to_s3:
        days = [today - timedelta(days=ago) for ago in range(arguments.days)]
        where = services.startup_files.uri(_FOLDER)
        count = export(services, days)
        services.audit.record("audit-exported", actor=message.actor, records=str(count))
        answer(
            services, message, views.notice(here, "audit.exported", count=str(count), where=where)
        )
        return
    since = services.clock.now() - timedelta(days=arguments.days)
    answer(services, message, views.audit_trail(_found(services, arguments.of, since), here))


def export(services: Services, days: Iterable[date]) -> int:
    """Each day's records as JSON lines, one file a day; how many. The same day gives the same file."""
    by_day: dict[date, list[str]] = {day: [] for day in days}
    first = datetime.combine(min(by_day), time(), UTC)
    for entry in reversed(_since(services, first)):
        if entry.at.date() in by_day:
            by_day[entry.at.date()].append(entry.line)
    for day, lines in by_day.items():
        if lines:
            body = "\n".join([*lines, ""]).encode()
            services.startup_files.put(f"{_FOLDER}/{day:%Y-%m-%d}", {_FILE: body})
    return sum(map(len, by_day.values()))


def export_lately(services: Services) -> None:
    """The day's round: yesterday, and once more the day before, in case that round failed."""
    today = services.clock.now().date()
    export(services, [today - timedelta(days=ago) for ago in (1, 2)])


def _found(services: Services, of: str | None, since: datetime) -> list[Entry]:
    """The latest first."""
    if of is None:
        return _since(services, since)
    if not of.startswith("sshq-"):
        return [entry for entry in _since(services, since) if concerns_person(entry, of)]
    job = services.jobs.get(of)
    if job is None:
        raise Refusal(Reason.UNKNOWN_JOB, job=of)
    entries = _since(services, job.created_at)
    leases = {e.facts["lease"] for e in entries if "lease" in e.facts and concerns_job(e, job.name)}
    return [
        entry
        for entry in entries
        if concerns_job(entry, job.name)
        or entry.facts.get("lease") in leases
        or entry.request == job.request
    ]


def _since(services: Services, since: datetime) -> list[Entry]:
    """What was recorded since then, the latest first; what can't be read is verification's business."""
    read = (entry for entry in services.audit.entries(latest_first=True) if entry)
    lately = takewhile(lambda entry: entry.at > since - _SKEW, read)
    return [entry for entry in lately if entry.at >= since]
