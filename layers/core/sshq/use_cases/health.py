"""What the laptop's doctor asks of the access API: how a job and its agents look from here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat.catalogue import texts
from sshq.domain.access import CheckAnswer, HealthAnswer
from sshq.domain.health import Seen, Verdict, findings
from sshq.domain.jobs import Phase

if TYPE_CHECKING:
    from sshq.chat.catalogue import Texts
    from sshq.domain.health import Finding
    from sshq.domain.jobs import Job
    from sshq.ports import Services


def health(services: Services, job: Job) -> HealthAnswer:
    """No node is asked: the laptop is about to do that itself, and the access API may not."""
    seen = []
    if job.phase is Phase.READY:
        seen = [Seen(node, services.nodes.is_connected(node.id)) for node in job.nodes]
    here = texts(services.settings.language)
    found = findings(job, seen, services.clock.now())
    checks = tuple(_check(finding, here) for finding in found)
    return HealthAnswer(job=job.name, job_state=job.phase.value, checks=checks)


def _check(finding: Finding, here: Texts) -> CheckAnswer:
    key = f"health.{finding.check.value}.{finding.code}"
    following = "" if finding.verdict is Verdict.OK else here.plain(f"{key}.next", **finding.facts)
    return CheckAnswer(
        name=finding.check.value,
        verdict=finding.verdict.value,
        code=finding.code,
        what=here.plain(key, **finding.facts).replace("`", ""),
        next=following.replace("`", ""),
    )
