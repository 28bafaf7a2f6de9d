"""Replay a job's log, minute by minute, through the caretaker's own round: when would it be ended?

A trace is a file of JSON lines in tests/traces: first what is to come out, then the log, as CloudWatch
keeps it, with the seconds since the job was ready in place of the time.

    {"trace": "…", "nodes": 1, "idle": "30m", "minutes": 45, "warned": 25, "stopped": 30}
    {"s": 60, "node": "algo-1", "line": "{\"sshq\":1,\"stage\":\"activity\",…}"}
    {"s": 60, "rank": 0, "activity": {…}}        the same, but the facts of such a record alone

The first line also says either how it was `recorded` (scripts/record_traces.py) or that it is `composed`,
and why it isn't recorded. A `gap` is where the rule knows less than its user, who would say `user`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sshq.domain.durations import parse_duration
from sshq.domain.jobs import EndReason
from sshq.use_cases.dispatch import commands
from sshq.use_cases.follow import follow
from sshq.use_cases.sweep import sweep
from tests.core_services import ALICE, MemoryServices
from tests.job_lives import comes_up, moves, record, run

if TYPE_CHECKING:
    from collections.abc import Sequence

FOLDER = Path(__file__).parent / "traces"
TRACES = sorted(FOLDER.glob("*.jsonl"))


@dataclass(frozen=True)
class Line:
    """What a node printed, so many seconds after the job was ready."""

    seconds: float
    node: str
    text: str


@dataclass(frozen=True)
class Trace:
    """A job's log and what is expected of it. `keeps` are the minutes at which [Keep 1 h] is pressed,
    `blind` the minutes (from, to) in which the caretaker doesn't run.
    """

    name: str
    nodes: int
    idle_seconds: int
    minutes: int
    lines: Sequence[Line]
    warned: int | None = None
    stopped: int | None = None
    keeps: Sequence[int] = ()
    blind: tuple[int, int] = (0, 0)
    origin: str = ""
    gap: str = ""


@dataclass(frozen=True)
class Outcome:
    """The minutes of the first warning and of the stop, and what the warning said."""

    warned: int | None
    stopped: int | None
    said: str = ""


def read(path: Path) -> Trace:
    """A trace from its file."""
    first, *rest = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return Trace(
        name=first["trace"],
        nodes=first.get("nodes", 1),
        idle_seconds=parse_duration(first["idle"]),
        minutes=first["minutes"],
        lines=[_line(entry) for entry in rest],
        warned=first.get("warned"),
        stopped=first.get("stopped"),
        keeps=first.get("keeps", ()),
        blind=tuple(first.get("blind", (0, 0))),
        origin=next(kind for kind in ("recorded", "composed") if first.get(kind)),
        gap=first.get("gap", ""),
    )


def replay(trace: Trace) -> Outcome:
    """Play it: the clock moves on by a minute, what was printed by then can be read, a round is made."""
    services = MemoryServices()
    services.enrol(ALICE, "alice")
    job = run(services, count=trace.nodes, hours=24)
    container = job.shape.container.model_copy(update={"idle_seconds": trace.idle_seconds})
    shape = {"shape": job.shape.model_copy(update={"container": container})}
    services.jobs.change(job.name, lambda stored: stored.model_copy(update=shape))
    moves(services, job, "Training")
    comes_up(services, job, *(f"mi-{rank}" for rank in range(trace.nodes)))
    follow(services, job.name)
    ready, warned, said = services.clock.now(), None, ""
    for minute in range(1, trace.minutes + 1):
        services.clock.time = ready + timedelta(minutes=minute)
        for line in trace.lines:
            if minute - 1 < line.seconds / 60 <= minute:
                at = ready + timedelta(seconds=line.seconds)
                services.job_logs.print(job.name, at, dated(line.text, at), node=line.node)
        if trace.blind[0] <= minute < trace.blind[1]:
            continue
        spoken = len(services.chat.said)
        assert sweep(services) == []
        told = [str(view.blocks) for _, view in services.chat.said[spoken:] if "keep" in str(view)]
        if told and warned is None:
            warned, said = minute, told[0]
        if services.training_jobs.stopped:
            assert services.jobs.all[job.name].end_reason is EndReason.IDLE
            return Outcome(warned, minute, said)
        if minute in trace.keeps:
            asked = services.message(ALICE, "keep", trigger=f"keep-{minute}", job=job.name)
            commands(services, asked)
    return Outcome(warned, None, said)


def dated(text: str, at: Any) -> str:
    """The line as it would have been printed then: a record says its own time."""
    try:
        record = json.loads(text)
    except ValueError:
        return text
    if not isinstance(record, dict) or "sshq" not in record:
        return text
    stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps(record | {"at": stamp}, separators=(",", ":"))


def _line(entry: dict[str, Any]) -> Line:
    if "line" in entry:
        return Line(entry["s"], entry["node"], entry["line"])
    text = record("activity", rank=entry["rank"], **entry["activity"])
    return Line(entry["s"], f"algo-{entry['rank'] + 1}", text)
