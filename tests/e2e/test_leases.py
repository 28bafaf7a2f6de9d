"""What the laptop asks about its job by its lease: the log, more time."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from tests.e2e.conftest import LOCAL, RunningJob, Sandbox, run_job
from tests.waiting import PATIENCE_SECONDS


@pytest.fixture(scope="module")
def counting(sandbox: Sandbox) -> RunningJob:
    """A job of alice's that says something each second, and her lease on it."""
    command = "for n in $(seq 600); do echo tick $n; sleep 1; done"
    job = run_job(sandbox, "alice", f'--name counting --hours 1 --command "{command}"')
    assert sandbox.connect(job.ticket, "--no-shell", laptop="reader").code == 0
    return job


def test_the_log_is_read_and_followed(sandbox: Sandbox, counting: RunningJob) -> None:
    words = (*LOCAL, "logs", counting.name)
    sandbox.eventually(
        lambda: "tick 2" in sandbox.run(*words, laptop="reader").out, "the first two lines"
    )
    done = sandbox.run(*words, "--tail", "2", "--json", laptop="reader")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert len(lines) == 2
    assert set(lines[0]) == {"at", "node", "text"}
    with sandbox.running(*words, "-f", "--tail", "1", laptop="reader") as following:
        assert following.stdout
        first, second = (following.stdout.readline() for _ in range(2))
        assert first.startswith("tick ")
        assert second == f"tick {int(first.split()[1]) + 1}\n"
    assert following.returncode == 0
    assert sandbox.run(*words, "--tail", "0", laptop="reader").code == 2


def test_the_deadline_is_moved_and_the_cap_is_a_refusal(
    sandbox: Sandbox, counting: RunningJob
) -> None:
    def status() -> dict[str, str]:
        done = sandbox.run(*LOCAL, "status", counting.name, "--json", laptop="reader")
        found: dict[str, str] = json.loads(done.out)["jobs"][0]
        return found

    before = datetime.fromisoformat(status()["deadline"])
    done = sandbox.run(*LOCAL, "extend", counting.name, "30m", "--json", laptop="reader")
    assert done.code == 0, done.out + done.err
    later = before + timedelta(minutes=30)
    assert datetime.fromisoformat(json.loads(done.out)["deadline"]) == later
    sandbox.eventually(
        lambda: datetime.fromisoformat(status()["expires_at"]) == later, "the lease's new end"
    )
    held = sandbox.run(*LOCAL, "ls", "--json", laptop="reader").out
    (lease,) = [each for each in json.loads(held)["leases"] if each["job"] == counting.name]
    assert datetime.fromisoformat(lease["expires_at"]) == later
    too_far = sandbox.run(*LOCAL, "extend", counting.name, "40d", "--json", laptop="reader")
    assert too_far.code == 1
    assert json.loads(too_far.out)["error"]["reason"]
    assert sandbox.run(*LOCAL, "extend", counting.name, laptop="reader").code == 2


def test_a_log_that_is_followed_ends_with_the_job(sandbox: Sandbox, counting: RunningJob) -> None:
    with sandbox.running(*LOCAL, "logs", counting.name, "-f", laptop="reader") as following:
        # Who asks for the log only when the lease has ended is refused.
        assert following.stdout
        assert following.stdout.readline()
        assert sandbox.run(*LOCAL, "stop", counting.name, laptop="reader").code == 0
        following.wait(PATIENCE_SECONDS)
    assert following.returncode == 0
