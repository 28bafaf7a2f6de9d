"""Instances that are kept after a job's end: told, taken by the next job, given back before their time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.e2e.conftest import submit_job

if TYPE_CHECKING:
    from tests.e2e.conftest import Sandbox


def run(sandbox: Sandbox, name: str) -> str:
    """A short job that keeps its instances, until it has completed; its name."""
    job = submit_job(sandbox, options=f"--name {name} --warm-pool 30m --command true")
    sandbox.eventually(lambda: f"`{job}`: completed" in sandbox.inbox("alice"), "its end")
    return job


def pool(sandbox: Sandbox, job: str) -> dict[str, Any]:
    described = sandbox.aws("sagemaker").describe_training_job(TrainingJobName=job)
    found: dict[str, Any] = described["WarmPoolStatus"]
    return found


def test_the_next_job_takes_the_kept_instances_and_stop_gives_them_back(sandbox: Sandbox) -> None:
    first = run(sandbox, "warm-a")
    assert pool(sandbox, first)["Status"] == "Available"
    assert "Its instances are kept, and cost as much, until" in sandbox.inbox("alice")

    second = run(sandbox, "warm-b")
    taken = pool(sandbox, first)
    assert (taken["Status"], taken["ReusedByJob"]) == ("Reused", second)

    assert "kept are given back" in sandbox.slash("alice", f"stop {second}")
    assert pool(sandbox, second)["Status"] == "Terminated"
    assert "has ended" in sandbox.slash("alice", f"stop {second}")
