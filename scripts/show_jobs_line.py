"""More runs than the quota lets in, through the sandbox's own queue, workers and table."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from tests.waiting_line import GPU, Line, stand_in_line

MEMBERS, EACH, QUOTA, MINUTES, KILLS = 50, 4, 20, 10, 3


def show() -> bool:
    """Print the evidence; whether all of it held."""
    print(
        f"\n== {MEMBERS * EACH} runs from {MEMBERS} members through the queue, with a quota of {QUOTA} "
        f"and jobs of {MINUTES} min\n"
        "   (signed requests of Slack's, SQS, worker processes, DynamoDB, SageMaker's quota and the "
        "caretaker's\n   rounds are the sandbox's own; the jobs are hollow: no containers run)",
        flush=True,
    )
    logging.disable(logging.WARNING)  # it tells of each worker that is killed
    with tempfile.TemporaryDirectory(prefix="show-line-") as scratch:
        line = stand_in_line(
            Path(scratch) / "state",
            members=MEMBERS,
            each=EACH,
            minutes=MINUTES,
            quota=QUOTA,
            kills=KILLS,
        )
    logging.disable(logging.NOTSET)
    checks = _checks(line)
    for text, held in checks.items():
        print(f"{'ok    ' if held else 'NOT ok'} {text}")
    print(
        f"       {line.delivered_twice} requests came twice, the workers were killed {line.killed} times; "
        f"took {line.seconds:.0f} s"
    )
    return all(checks.values())


def _checks(line: Line) -> dict[str, bool]:
    early, late = line.first.values(), line.last.values()
    most = max(line.by_request.values())
    return {
        f"no loss: {len(line.by_request)} of {line.runs} requests became jobs, all completed": (
            len(line.by_request) == line.runs
            and all(job.status == "Completed" for job in line.jobs.values())
        ),
        f"no duplicate: at most {most} job for a request": most == 1,
        f"one message for each job: {sum(line.messages.values())} in {len(line.messages)} inboxes": (
            set(line.messages.values()) == {line.each}
        ),
        f"never above the quota: {line.most_at_once} {GPU} at once": line.most_at_once
        <= line.quota,
        f"all over after {line.rounds} min (with no gap at all it would be {line.ideal})": (
            line.rounds <= line.ideal * 1.3
        ),
        f"a member's first job began after {min(early)} to {max(early)} min": (
            max(early) <= line.ideal // 2
        ),
        f"a member's last job began after {min(late)} to {max(late)} min": True,
        f"CreateTrainingJob was called {line.creates} times for {line.runs} jobs": (
            line.runs <= line.creates < 2 * line.runs
        ),
    }
