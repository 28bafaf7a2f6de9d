"""A job's living message: how far it is and for how long, what comes next, and where to look.

It says nothing that changes with time alone: so it is written anew only when something happened, and
is true at whatever time it is read.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sshq.chat.catalogue import Texts, texts
from sshq.chat.mrkdwn import escape, moment
from sshq.chat.record_sentence import failure_sentence
from sshq.chat.view import View
from sshq.chat.views.access import stranger_lines
from sshq.chat.views.asking import cost
from sshq.chat.views.blocks import actions, button, context, preformatted, section, sections
from sshq.chat.views.jobs import phase, shape
from sshq.chat.views.notices import notice
from sshq.domain.costs import cost_so_far
from sshq.domain.durations import format_duration
from sshq.domain.failure_hints import failure_hint
from sshq.domain.jobs import EndReason, Job, Phase, Step
from sshq.domain.records import Result

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sshq.domain.console_links import Console
    from sshq.domain.log_pages import LogLine
    from sshq.domain.node_starts import NodeStart

_SIGNS = {
    Phase.READY: ":large_green_circle:",
    Phase.STOPPING: ":large_orange_circle:",
    Phase.STOPPED: ":white_circle:",
    Phase.COMPLETED: ":white_check_mark:",
    Phase.FAILED: ":red_circle:",
}
_LONGEST_FAILURE = 1000


def job(job: Job, *, console: Console, lines: Sequence[LogLine] = ()) -> View:
    """`lines` are the last of the job's log, shown where something failed."""
    return _job(job, texts(job.language), console, lines)


def _job(job: Job, here: Texts, console: Console, lines: Sequence[LogLine] = ()) -> View:
    state = phase(job, here)
    said = [f"{_SIGNS.get(job.phase, ':large_yellow_circle:')} `{job.name}`: {state}"]
    said += [_way(job, here)] if job.history else []
    if job.is_open:
        said += _nodes(job, console, here)
        said += _idle(job, here)
        said += [f":rotating_light: {line}" for line in stranger_lines(job.strangers, here)]
        said += _next(job, here)
    said += _trouble(job, here)
    if job.pool_until:
        said.append(here.mrkdwn("job.pool", until=job.pool_until))
    elif job.pool_seconds:
        said.append(here.mrkdwn("job.pool-over", kept=format_duration(job.pool_seconds)))
    blocks = sections(said)
    if lines:
        blocks.append(section(here.mrkdwn("job.last-lines", count=str(len(lines)))))
        blocks.append(preformatted(log_text(lines, several=job.shape.count > 1)))
    blocks.append(context(f"{shape(job, here)} · {_links(job, console, here)}"))
    blocks.append(context(escape(cost(job, here))))
    buttons = _buttons(job, here)
    if buttons:
        blocks.append(actions(*buttons))
    return View(text=f"{job.name}: {state}", blocks=tuple(blocks))


def status(job: Job, now: datetime, console: Console, here: Texts) -> View:
    """The same to whoever asks, with what changes by the minute."""
    shown = _job(job, here, console)
    left = int((job.deadline - now).total_seconds())
    facts = {
        "age": format_duration(int(((job.ended_at or now) - job.created_at).total_seconds())),
        "here": format_duration(int((now - job.phase_since).total_seconds())),
        "left": format_duration(left),
    }
    line = here.mrkdwn("status.open" if job.is_open else "status.ended", **facts)
    cost = cost_so_far(job, now)
    if cost is not None:
        line += " · " + here.mrkdwn("status.cost", cost=job.currency.show(cost))
    blocks = [shown.blocks[0], section(line), *shown.blocks[1:]]
    return View(text=shown.text, blocks=tuple(blocks))


def log(job: Job, lines: Sequence[LogLine], console: Console, here: Texts) -> View:
    """The end of a job's log."""
    if not lines:
        return notice(here, "logs.none", job=job.name)
    title = here.mrkdwn("logs.title", job=job.name, count=str(len(lines)))
    link = f"<{console.log(job.name)}|{here.mrkdwn('job.link.log')}>"
    text = log_text(lines, several=job.shape.count > 1)
    return View(text=title, blocks=(section(title), preformatted(text), context(link)))


def log_text(lines: Sequence[LogLine], *, several: bool) -> str:
    """Lines of a log as they were printed, the latest last; of several nodes, whose each is."""
    return "\n".join(f"{line.node}  {line.text}" if several else line.text for line in lines)


def _way(job: Job, here: Texts) -> str:
    """The steps so far with how long each took; the present one with its beginning."""
    first = Step(phase=Phase.REQUESTED, at=job.created_at)
    steps = [first, *job.history] if not job.restarts else list(job.history)
    way = [
        f"{here.mrkdwn(f'job.step.{step.phase.value}')} {_span(step, later)}"
        for step, later in pairwise(steps)
    ]
    last = steps[-1]
    name = here.mrkdwn(f"job.step.{last.phase.value}")
    since = "job.step-at" if last.phase.has_ended else "job.step-since"
    way.append(here.plain(since, step=f"*{name}*", at=moment(last.at)))
    again = [here.mrkdwn("job.restarted", times=str(job.restarts))] if job.restarts else []
    return "\n".join([*again, " → ".join(way)])


def _span(step: Step, later: Step) -> str:
    return format_duration(int((later.at - step.at).total_seconds()))


def idle_warning(job: Job, here: Texts) -> View:
    """What tells the owner aloud that the job is about to be ended."""
    title = here.mrkdwn("idle.title", job=job.name)
    text = "\n".join([title, *_idle(job, here)])
    return View(text=title, blocks=(section(text), actions(*_idle_buttons(job, here))))


def _idle(job: Job, here: Texts) -> list[str]:
    """`idle 25 of 30 min: no keystrokes, …`, once it was warned of; and that it is kept."""
    told = job.idleness.told_until
    if job.is_warned and told is not None:
        idle = job.idle(told)
        facts = {
            "minutes": f"{idle.since.total_seconds() / 60:.0f}",
            "limit": f"{idle.limit.total_seconds() / 60:g}",
            "cpu": f"{idle.cpu:.0f}",
            "gpu": f"{idle.gpu:.0f}",
        }
        return [here.mrkdwn("idle.told", **facts)]
    if job.kept_until is not None and job.phase is Phase.READY:
        return [here.mrkdwn("idle.kept", until=job.kept_until)]
    return []


def _idle_buttons(job: Job, here: Texts) -> list[dict[str, Any]]:
    return [
        button(here.plain("idle.keep"), "keep", {"job": job.name}, "primary"),
        button(here.plain("idle.stop"), "stop", {"job": job.name}, "danger"),
    ]


def _nodes(job: Job, console: Console, here: Texts) -> list[str]:
    if job.nodes:
        return [
            here.plain(
                "job.node",
                rank=str(node.rank),
                node=f"<{console.node(node.id)}|{escape(node.id)}>",
                alias=job.alias(node.rank),
            )
            for node in job.nodes
        ]
    if not job.phase.is_start_up:
        return []
    starts = {start.rank: start for start in job.starting}
    return [_start(rank, starts.get(rank), here) for rank in range(job.shape.count)]


def _start(rank: int, start: NodeStart | None, here: Texts) -> str:
    """How far one container is, or why it came no further."""
    if start is None:
        return here.mrkdwn("job.start.nothing", rank=str(rank))
    stage = here.plain(f"job.stage.{start.stage.value}")
    kind = "failed" if start.result is Result.FAILED else "done"
    said = here.mrkdwn(f"job.start.{kind}", rank=str(rank), stage=stage, code=start.code)
    if start.node:
        said += f" · {escape(start.node)}"
    if start.result is Result.FAILED:
        said = f"{said}. {failure_sentence(start.stage, start.code, here)}"
    return said


def _next(job: Job, here: Texts) -> list[str]:
    if job.phase in {Phase.READY, Phase.STOPPING} or _gave_up(job):
        return []
    return [here.mrkdwn(f"job.next.{job.phase.value}")]


def _trouble(job: Job, here: Texts) -> list[str]:
    """Why it ended or can't be entered, and at which stage."""
    said = []
    if job.end_reason is not None and job.end_reason is not EndReason.ASKED:
        said.append(here.mrkdwn(f"job.end.{job.end_reason.value}"))
    hint = _hint(job)
    # A command runs beside the start-up: how far that was says nothing of why the command failed.
    if job.phase is Phase.FAILED and len(job.history) > 1 and hint != "command":
        before = [step.phase for step in job.history if step.phase.may_fail]
        if before:
            stage = here.plain(f"job.step.{before[-1].value}")
            said.append(here.mrkdwn("job.failed-at", stage=stage))
    said += [_start(start.rank, start, here) for start in job.starting if _tells(job, start)]
    if _gave_up(job) and job.is_open and not job.is_workbench:
        said.append(here.mrkdwn("job.unreachable"))
    if job.failure:
        said.append(here.mrkdwn("job.failure", failure=job.failure[:_LONGEST_FAILURE]))
        if hint:
            said.append(here.mrkdwn(f"job.hint.{hint}"))
    return said


def _hint(job: Job) -> str | None:
    """What is known of the reason. An exit code is the command's unless the start-up failed."""
    hint = failure_hint(job.failure) if job.failure else None
    own = not job.is_workbench and all(start.result is not Result.FAILED for start in job.starting)
    return hint if own or hint != "command" else None


def _tells(job: Job, start: NodeStart) -> bool:
    """Whether a container's failed start-up is worth a line that isn't there already."""
    listed = job.is_open and job.phase.is_start_up
    return start.result is Result.FAILED and not listed and job.phase is not Phase.READY


def _gave_up(job: Job) -> bool:
    return any(start.gave_up for start in job.starting)


def _links(job: Job, console: Console, here: Texts) -> str:
    links = [("job.link.sagemaker", console.job(job.name))]
    if job.started_at is not None:
        links.append(("job.link.log", console.log(job.name)))
    return " · ".join(f"<{url}|{here.mrkdwn(key)}>" for key, url in links)


def _buttons(job: Job, here: Texts) -> list[dict[str, Any]]:
    if job.is_warned:
        connect = button(here.plain("job.connect"), "connect", {"job": job.name})
        return [*_idle_buttons(job, here), connect]
    buttons = []
    if job.phase is Phase.READY:
        buttons.append(button(here.plain("job.connect"), "connect", {"job": job.name}, "primary"))
    if job.is_open and job.phase is not Phase.STOPPING:
        buttons.append(button(here.plain("job.stop"), "stop", {"job": job.name}, "danger"))
    if job.pool_until:
        buttons.append(button(here.plain("job.give-back"), "stop", {"job": job.name}, "danger"))
    return buttons
