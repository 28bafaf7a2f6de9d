"""Many members, more runs than the account's quota lets in: the whole sandbox, with hollow jobs.

Everything is real but the jobs' containers: Slack's signed requests, queues, worker processes,
tables, SageMaker's quota, the caretaker's rounds. A hollow job stays at Starting for its minutes of
the sandbox's clock and then completes.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from sshq.domain import tags
from sshq_sandbox.aws import price_list
from sshq_sandbox.aws.job_runner import JobRunner
from sshq_sandbox.control_client import ControlClient
from sshq_sandbox.slack import people
from sshq_sandbox.state import StateFolder
from sshq_sandbox.supervisor import Sandbox, Wishes
from tests.security.template import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from sshq_sandbox.aws.job_runner import JobProgress
    from sshq_sandbox.aws.training_job import TrainingJob

GPU = "ml.g5.xlarge"
_QUIET_SECONDS = 600
_MOST_ROUNDS = 1000


@dataclass
class Line:
    """What came of it. `first` and `last`: minutes from the first request, by owner."""

    members: int
    each: int
    minutes: int
    quota: int
    jobs: dict[str, TrainingJob] = field(default_factory=dict)
    rounds: int = 0
    creates: int = 0
    killed: int = 0
    delivered_twice: int = 0
    seconds: float = 0
    first: dict[str, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    by_request: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    most_at_once: int = 0
    widest_gap: int = 0

    @property
    def runs(self) -> int:
        return self.members * self.each

    @property
    def ideal(self) -> int:
        """Minutes, if no place were ever free."""
        return -(-self.runs // self.quota) * self.minutes


def stand_in_line(
    folder: Path, *, members: int, each: int, minutes: int, quota: int, kills: int
) -> Line:
    """`each` runs of each member, the first member's before anybody else's; until all are over.

    Every tenth request is delivered twice; `kills` times the workers are killed at their work.
    """
    line = Line(members=members, each=each, minutes=minutes, quota=quota)
    hollow = _Hollow(timedelta(minutes=minutes))
    began = time.monotonic()
    with (
        patch.multiple(JobRunner, start=hollow.start, stop=hollow.stop),
        patch.object(price_list, "USUAL_QUOTA", float(quota)),
        patch.object(people, "USERS", (*people.USERS, *_people(members))),
        _sandbox(folder) as (sandbox, control),
    ):
        _Play(line, hollow, sandbox, control, folder / "calls.jsonl").play(kills)
    line.seconds = time.monotonic() - began
    return line


def _people(count: int) -> list[people.User]:
    return [people.User(f"U0LINE{number:05}", f"m{number:02}", "") for number in range(count)]


class _Play:
    def __init__(
        self,
        line: Line,
        hollow: _Hollow,
        sandbox: Sandbox,
        control: ControlClient,
        log: Path,
    ) -> None:
        self._line = line
        self._hollow = hollow
        self._sandbox = sandbox
        self._control = control
        self._log = log

    def play(self, kills: int) -> None:
        self._slash("admin", "setup")
        self._settle()
        self._control.post("/click", {"as": "admin", "label": "Confirm"})
        self._settle()
        names = [person.name for person in _people(self._line.members)]
        for first in range(0, len(names), 10):
            self._slash("admin", "add-user " + " ".join(f"@{n}" for n in names[first : first + 10]))
            self._settle()
        started = self._sandbox.clock.now()
        self._ask(names, kills)
        self._settle()
        while self._line.rounds < _MOST_ROUNDS and not self._is_over():
            self._line.rounds += 1
            self._control.post("/clock", {"step": "+1m"})
            self._hollow.pass_time(self._sandbox.clock.now())
            self._settle()
            self._look()
        self._tell(names, started)

    def _ask(self, names: list[str], kills: int) -> None:
        every = max(1, self._line.runs // (kills + 1))
        for number in range(self._line.runs):
            ack = self._slash(names[number // self._line.each], f"run --instance {GPU}")
            if number % 10 == 0:
                twice = {"request_id": ack["request_id"], "fresh_signature": True}
                self._control.post("/redeliver", twice)
                self._line.delivered_twice += 1
            if self._line.killed < kills and number % every == every - 1:
                self._sandbox.host.functions.crash("CommandWorker")
                self._line.killed += 1

    def _is_over(self) -> bool:
        jobs = self._hollow.jobs.values()
        return len(jobs) >= self._line.runs and all(job.has_ended for job in jobs)

    def _look(self) -> None:
        jobs = self._hollow.jobs.values()
        running = sum(not job.has_ended for job in jobs)
        self._line.most_at_once = max(self._line.most_at_once, running)
        had = Counter(_tag(job, tags.OWNER) for job in jobs)
        if len(had) == self._line.members:
            gap = max(had.values()) - min(had.values())
            self._line.widest_gap = max(self._line.widest_gap, gap)

    def _tell(self, names: list[str], started: datetime) -> None:
        line = self._line
        line.jobs = dict(self._hollow.jobs)
        line.by_request = Counter(_tag(job, tags.REQUEST) for job in line.jobs.values())
        minutes: dict[str, list[int]] = {}
        for job in line.jobs.values():
            after = int((job.created - started).total_seconds() // 60)
            minutes.setdefault(_tag(job, tags.OWNER), []).append(after)
        line.first = {owner: min(found) for owner, found in minutes.items()}
        line.last = {owner: max(found) for owner, found in minutes.items()}
        line.creates = self._log.read_text().count('"operation": "CreateTrainingJob"')
        for name in names:
            shown = self._control.get("/inbox", **{"as": name})["messages"]
            texts = "\n".join(message["text"] for message in shown)
            line.messages[name] = sum(texts.count(f"`{job}`: completed") for job in line.jobs)

    def _slash(self, person: str, text: str) -> dict[str, Any]:
        ack = self._control.post("/slash", {"as": person, "text": text})
        assert ack["ok"], ack
        return ack

    def _settle(self) -> None:
        until = time.monotonic() + _QUIET_SECONDS
        while not self._control.get("/quiet")["quiet"]:
            assert time.monotonic() < until, "the sandbox doesn't come to rest"
            time.sleep(0.05)


class _Hollow:
    """In the place of the runner of containers."""

    def __init__(self, lasts: timedelta) -> None:
        self._lasts = lasts
        self._progress: JobProgress | None = None
        self.jobs: dict[str, TrainingJob] = {}

    def start(self, job: TrainingJob, progress: JobProgress) -> None:
        self._progress = progress
        self.jobs[job.name] = job

    def stop(self, job: TrainingJob) -> None:
        assert self._progress
        self._progress.stopped(job, "Stopped")

    def pass_time(self, now: datetime) -> None:
        for job in list(self.jobs.values()):
            if not job.has_ended and now - job.created >= self._lasts:
                assert self._progress
                self._progress.completed(job)


def _tag(job: TrainingJob, key: str) -> str:
    return next(tag["Value"] for tag in job.tags if tag["Key"] == key)


@contextmanager
def _sandbox(folder: Path) -> Iterator[tuple[Sandbox, ControlClient]]:
    """A sandbox whose loop runs in a thread of this process."""
    state = StateFolder(folder)
    state.claim()
    sandbox = Sandbox(state)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="sandbox")
    thread.start()

    def wait(coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, loop).result(_QUIET_SECONDS)

    try:
        wait(sandbox.start(Wishes(folder, ROOT / "template.yaml", port=0)))
        yield sandbox, ControlClient(folder)
    finally:
        wait(sandbox.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        state.clear()
