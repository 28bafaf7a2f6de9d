"""`make show-jobs`, second half: jobs watched and ended. Nothing here is remembered."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sshq.adapters.clock import SystemClock
from sshq.adapters.dynamodb.jobs import new_item
from sshq.adapters.dynamodb.table import _serialised
from sshq.chat import views
from sshq.domain import policies
from sshq.domain.console_links import Console
from sshq.domain.identity import Actor
from sshq.domain.jobs import Job, JobShape, Node, Phase
from sshq.use_cases.dispatch import commands
from sshq.use_cases.follow import follow
from sshq.use_cases.orphans import EVERY_MINUTES
from sshq.use_cases.sweep import sweep
from sshq_sandbox.slack.render import plain_text
from tests.core_aws import TABLE, CoreAws, core_aws
from tests.core_services import ADMIN, ALICE, MemoryChat, MemoryServices
from tests.idle_replay import TRACES, read, replay
from tests.three_stops import FAR, Account, Ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

OWNERS = 20
TABLES = (10, 10_000)


def show() -> bool:
    """All of it; whether it held."""
    logging.disable(logging.CRITICAL)
    return all([_traces(), *_on_real_parts(), _costs()])


def _traces() -> bool:
    traces = {path.stem: read(path) for path in TRACES}
    origins = Counter(trace.origin for trace in traces.values())
    counted = ", ".join(f"{count} {origin}" for origin, count in sorted(origins.items()))
    _heading(f"traces of activity ({counted}) → warned and ended in which minute")
    held = True
    print(f"  {'trace':<28} {'origin':<9} {'limit':>6}  {'warned':>14}  {'ended':>14}")
    for name, trace in traces.items():
        got = replay(trace)
        fits = (got.warned, got.stopped) == (trace.warned, trace.stopped)
        held &= fits
        print(
            f"  {name:<28} {trace.origin:<9} {trace.idle_seconds // 60:>4} m"
            f"  {_minute(got.warned, trace.warned):>14}  {_minute(got.stopped, trace.stopped):>14}"
            f"{'' if fits else '   WRONG'}{f'   gap: {trace.gap}' if trace.gap else ''}"
        )
    return held


def _minute(got: int | None, wanted: int | None) -> str:
    return f"{got or '–'} (want {wanted or '–'})"


def _on_real_parts() -> Iterator[bool]:
    """The three stops and a failed start-up, on the sandbox's AWS with real containers."""
    with _account() as account:
        _heading("three stops, each with the other two disabled")
        for title, by in (
            ("SageMaker's cap (no watchdog, no caretaker)", account.by_cap_alone),
            ("the container's watchdog (cap far, no caretaker)", account.by_watchdog_alone),
            ("the caretaker (cap far, no watchdog)", account.by_caretaker_alone),
        ):
            yield _one_stop(title, by)
        yield _failed_start_up(account)
        yield _quiet_round(account)
        yield _one_too_many(account)


def _one_stop(title: str, by: Callable[[], Ended]) -> bool:
    ended = by()
    reason = ended.job.end_reason.value if ended.job.end_reason else "–"
    print(
        f"  {title:<50} SageMaker: {ended.sagemaker:<28} job: {ended.job.phase.value}, {reason};"
        f" {ended.seconds:.0f} s; left behind: {ended.left or 'nothing'}"
    )
    return ended.job.phase.has_ended and reason != "–" and not ended.left


def _failed_start_up(account: Account) -> bool:
    _heading("a start-up that fails (SSM refuses the registration), as its owner sees it")
    job = account.submit(
        "sshq-alice-failing", cap=FAR, deadline=FAR, watchdog=True, registers=False
    )
    account.live.chat = MemoryChat()  # there is no Slack in this account
    ended = account.see_off(job, rounds=True)
    lines = account.live.job_logs.tail(job.name, 20).lines
    view = views.job(ended.job, console=Console("eu-west-1"), lines=lines)
    text = plain_text(view.text, list(view.blocks), {})
    print("\n".join(f"  | {line}" for line in text.splitlines()))
    return ended.job.phase is Phase.FAILED and "failed" in text and not ended.left


def _quiet_round(account: Account) -> bool:
    _heading("the caretaker's round over one job that is ready, when nothing happens")
    job = account.submit("sshq-alice-quiet", cap=FAR, deadline=FAR, watchdog=True)

    def is_ready() -> bool:
        sweep(account.live)
        stored = account.live.jobs.get(job.name)
        return stored is not None and stored.phase is Phase.READY

    account.until(is_ready, "it becomes ready")
    if account.live.clock.now().minute % EVERY_MINUTES == 0:
        account.live.clock = _AMinuteLater()  # every tenth round looks for orphans as well
    sweep(account.live)
    before = len(account.aws.calls())
    sweep(account.live)
    calls = Counter(call.operation for call in account.aws.calls()[before:])
    print(f"  {calls.total()} calls: {_counted(calls)}")
    account.live.training_jobs.stop(job.name)
    return calls.total() <= 2 + CALLS_A_JOB


def _one_too_many(account: Account) -> bool:
    _heading("somebody with a spot job's activation code registers a node, when the job is ready")
    live, chat = account.live, MemoryChat()
    live.chat = chat  # there is no Slack in this account
    job = account.submit("sshq-alice-robbed", cap=FAR, deadline=FAR, watchdog=True, spot=True)

    def is_ready() -> bool:
        follow(live, job.name)
        stored = live.jobs.get(job.name)
        return stored is not None and stored.phase is Phase.READY

    account.until(is_ready, "it becomes ready")
    stored = live.jobs.get(job.name)
    own = {node.id for node in stored.nodes} if stored else set()
    thief = account.thief_registers(job)
    left: set[str] = set()
    for number in (1, 2):
        said = len(chat.said)
        sweep(live)
        left = {node.id for node in live.nodes.all_nodes() if node.job == job.name}
        told = ", ".join(where for where, _ in chat.said[said:]) or "nobody"
        whose = "its own alone" if left == own else "another's too"
        print(f"  round {number}: told: {told}; the job's nodes then: {whose}")
    alarm = next(view for _, view in chat.said if thief in str(view.blocks))
    text = plain_text(alarm.text, list(alarm.blocks), {})
    print("\n".join(f"  | {line}" for line in text.splitlines()))
    audited = [e for e in live.audit.entries() if e is not None and e.event == "node-too-many"]
    print(f"  audit: {', '.join(f'{e.event} {e.facts}' for e in audited)}")
    live.training_jobs.stop(job.name)
    return left == own and len(audited) == 1


CALLS_A_JOB = 5


class _AMinuteLater(SystemClock):
    def now(self) -> datetime:
        return super().now() + timedelta(minutes=1)


def _costs() -> bool:
    _heading("what a verb costs in calls to AWS, with 10 and with 10,000 jobs in the table")
    found: dict[str, dict[int, Counter[str]]] = {}
    for size in TABLES:
        with tempfile.TemporaryDirectory() as folder, core_aws(Path(folder)) as aws:
            for verb, calls in _verbs(aws, size).items():
                found.setdefault(verb, {})[size] = calls
    held = True
    for verb, by_size in found.items():
        few, many = (by_size[size] for size in TABLES)
        same = "the same" if few == many else f"{many.total()}: {_counted(many)}"
        print(f"  {verb:<22} {few.total():>3} calls ({_counted(few)}); with {TABLES[1]:,}: {same}")
        held &= few == many and "Scan" not in many
    return held


def _verbs(aws: CoreAws, size: int) -> dict[str, Counter[str]]:
    live = aws.live()
    live.chat = MemoryChat()  # Slack's calls aren't AWS's
    aws.client("logs").create_log_group(logGroupName="/aws/sagemaker/TrainingJobs")
    aws.client("ssm").create_document(
        Name=live.settings.command_document,
        Content=json.dumps(policies.command_document()),
        DocumentType="Command",
    )
    live.members.add(MemoryServices().enrol(ALICE, "alice"))
    _fill(aws, size)
    done: dict[str, Counter[str]] = {}
    for actor, verb, arguments in VERBS:
        before = len(aws.calls())
        words = " ".join([verb, *(f"--{name}" for name, on in arguments.items() if on is True)])
        message = MemoryServices().message(actor, verb, trigger=words, **arguments)
        commands(live, message)
        done[words] = Counter(call.operation for call in aws.calls()[before:])
    return done


VERBS: tuple[tuple[Actor, str, dict[str, Any]], ...] = (
    (ALICE, "list", {}),
    (ALICE, "list", {"all": True}),
    (ALICE, "status", {"job": "resnet"}),
    (ALICE, "logs", {"job": "resnet"}),
    (ALICE, "extend", {"job": "resnet", "by": "1h"}),
    (ALICE, "keep", {"job": "resnet"}),
    (ALICE, "cost", {}),
    (ADMIN, "cost", {"team": True}),
    (ALICE, "stop", {"job": "resnet"}),
)
NAME = "sshq-alice-resnet-k3v9qz2a"


def _fill(aws: CoreAws, size: int) -> None:
    """One ready job of alice's; all others are ended ones, of 20 members, in the last 30 days."""
    now = aws.clock.now()
    shape = JobShape(instance="ml.m5.large", image="i", hours=8, name="resnet")
    own = Job(
        name=NAME, owner=ALICE, request="r" * 64, shape=shape, prefix="jobs/" + "0" * 40,
        phase=Phase.READY, created_at=now, phase_since=now, started_at=now, cap_seconds=86_400,
        deadline=now + timedelta(hours=8), nodes=(Node(rank=0, id="mi-" + "0" * 17),),
    )  # fmt: skip
    jobs = [own]
    for number in range(size - 1):
        owner = (
            ALICE if number % OWNERS == 0 else Actor(team="T0001", user=f"U{number % OWNERS:04}")
        )
        at = now - timedelta(minutes=4 * number + 60)
        ended = {"phase": Phase.STOPPED, "ended_at": at, "created_at": at, "settled": True}
        jobs.append(own.model_copy(update=ended | {"name": f"sshq-x-old-{number}", "owner": owner}))
    client = aws.client("dynamodb")
    for first in range(0, len(jobs), 25):
        items = [_serialised(new_item(job)) for job in jobs[first : first + 25]]
        client.batch_write_item(
            RequestItems={TABLE: [{"PutRequest": {"Item": item}} for item in items]}
        )


def _counted(calls: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(calls.items()))


@contextlib.contextmanager
def _account() -> Iterator[Account]:
    with tempfile.TemporaryDirectory() as folder, core_aws(Path(folder)) as aws:
        yield Account(aws)


def _heading(text: str) -> None:
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(0 if show() else 1)
