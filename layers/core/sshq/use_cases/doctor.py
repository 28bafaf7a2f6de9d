"""`/sshq doctor`, and what its twin on the laptop asks of the access API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.access import CheckAnswer, HealthAnswer
from sshq.domain.authorisation import Who
from sshq.domain.health import Finding, Seen, Verdict, findings
from sshq.domain.jobs import Phase
from sshq.use_cases.answering import answer
from sshq.use_cases.authorising import authorise
from sshq.use_cases.choosing import choose_job

if TYPE_CHECKING:
    from sshq.chat.commands.jobs import AJob
    from sshq.domain.jobs import Job, Node
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services


def doctor(services: Services, message: QueueMessage, arguments: AJob) -> None:
    """Examine a job, its nodes themselves included, and show what was found."""
    job = choose_job(services, message.actor, arguments.job, ended=True)
    member = authorise(services, message.actor, Who.MEMBER, verb="doctor", job=job)
    here = texts(member.language if member else services.settings.language)
    answer(services, message, views.health(job, _examined(services, job, ask=True), here))


def health(services: Services, job: Job) -> HealthAnswer:
    """The same for the laptop, but no node is asked: the laptop is about to do that itself."""
    here = texts(services.settings.language)
    checks = []
    for finding in _examined(services, job, ask=False):
        key = f"health.{finding.check.value}.{finding.code}"
        following = (
            "" if finding.verdict is Verdict.OK else here.plain(f"{key}.next", **finding.facts)
        )
        checks.append(
            CheckAnswer(
                name=finding.check.value,
                verdict=finding.verdict.value,
                code=finding.code,
                what=here.plain(key, **finding.facts).replace("`", ""),
                next=following.replace("`", ""),
            )
        )
    return HealthAnswer(job=job.name, job_state=job.phase.value, checks=tuple(checks))


def _examined(services: Services, job: Job, *, ask: bool) -> list[Finding]:
    seen = []
    if job.phase is Phase.READY:
        seen = [_seen(services, node, ask=ask) for node in job.nodes]
    return findings(job, seen, services.clock.now())


def _seen(services: Services, node: Node, *, ask: bool) -> Seen:
    connected = services.nodes.is_connected(node.id)
    asked = ask and connected
    return Seen(node, connected, asked, services.nodes.probe(node.id) if asked else None)
