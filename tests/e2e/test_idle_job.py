"""A job that nobody uses, as its owner sees it in Slack: what a real container told, the clock moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import SANDBOX, Sandbox, run_job
from tests.idle_replay import FOLDER, dated, read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
TRACE = read(FOLDER / "nobody_enters.jsonl")
# The job's own container tells of this machine each minute, and that may be a busy one. What it tells
# lies before what the recorded one does, with a gap between them.
LATER = timedelta(minutes=10)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox whose clock is moved, so no other test's."""
    made = Sandbox(tmp_path, str(tmp_path / "state" / "tls" / "ca.pem"))
    assert made.run(*SANDBOX, "up", "--detach").code == 0
    try:
        made.slash("admin", "setup")
        made.click("admin", "Confirm")
        made.slash("admin", "add-user @alice")
        yield made
    finally:
        made.run(*SANDBOX, "down")


@dataclass
class Clock:
    """The sandbox's, which is moved to moments, however long the steps between them take here."""

    sandbox: Sandbox
    ahead: timedelta = timedelta()

    def move_to(self, moment: datetime) -> None:
        """What is due by then fires."""
        step = moment - datetime.now(UTC) - self.ahead
        done = self.sandbox.run(*SANDBOX, "clock", f"+{round(step.total_seconds())}s")
        assert done.code == 0, done.err
        self.ahead += step


def hears(sandbox: Sandbox, job: str, began: datetime, minutes: range) -> None:
    """CloudWatch gets what the recorded container told of these minutes."""
    logs = sandbox.aws("logs")
    (stream,) = logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=f"{job}/")[
        "logStreams"
    ]
    events = []
    for line in TRACE.lines[minutes.start - 1 : minutes.stop - 1]:
        at = began + timedelta(seconds=line.seconds)
        events.append({"timestamp": int(at.timestamp() * 1000), "message": dated(line.text, at)})
    logs.put_log_events(
        logGroupName=LOG_GROUP, logStreamName=stream["logStreamName"], logEvents=events
    )


def test_its_owner_is_told_why_keeps_it_and_then_stops_it(own: Sandbox) -> None:
    job = run_job(own, options="--idle 5m").name
    began = datetime.now(UTC) + LATER
    clock = Clock(own)

    hears(own, job, began, range(1, 4))
    clock.move_to(began + timedelta(seconds=200))
    assert "Nobody seems to use" not in own.inbox("alice")

    hears(own, job, began, range(4, 5))
    clock.move_to(began + timedelta(seconds=260))
    own.eventually(lambda: "Nobody seems to use" in own.inbox("alice"), "the warning")
    shown = own.inbox("alice").split("Nobody seems to use")[-1]
    assert "idle 4 of 5 min: no keystrokes, no data over SSH, CPU" in shown
    assert "GPU 0 %" in shown
    assert "[Keep 1 h]" in shown
    assert "[Stop now]" in shown

    assert "isn't ended for being idle before" in own.click("alice", "Keep 1 h")
    hears(own, job, began, range(5, 11))
    clock.move_to(began + timedelta(seconds=620))
    assert "stopped" not in own.slash("alice", f"status {job}")

    own.click("alice", "Stop now")
    own.eventually(
        lambda: f"`{job}`: stopped; nothing of it costs" in own.inbox("alice"), "the end"
    )
