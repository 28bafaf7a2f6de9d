"""Watching a running job as its owner does: status, log, a later deadline, the end by a name's beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import run_job

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import RunningJob, Sandbox


@pytest.fixture(scope="module")
def watched(sandbox: Sandbox) -> Iterator[RunningJob]:
    """A job whose command prints something, and waits."""
    command = "echo epoch one; echo API_KEY=canary-of-the-log; sleep 600"
    made = run_job(sandbox, "bob", f'--name watched --hours 2 --command "{command}"')
    yield made
    sandbox.slash("bob", f"stop {made.name}")


def deadline_in_container(sandbox: Sandbox, job: RunningJob) -> float:
    home = sandbox.folder / "state" / "jobs" / job.name / "algo-1" / "opt/ml/sshq"
    return float((home / "deadline").read_text())


def test_the_living_message_tells_each_stage_and_the_node(
    sandbox: Sandbox, watched: RunningJob
) -> None:
    sandbox.eventually(
        lambda: "*ready* since" in sandbox.living_message("bob", watched.name), "word of it"
    )
    message = sandbox.living_message("bob", watched.name)
    for stage in ("submitted", "starting", "downloading"):
        assert stage in message
    assert "node 0: mi-" in message
    assert "console.aws.amazon.com/systems-manager/fleet-manager" in message


def test_status_and_log_are_found_by_a_beginning(sandbox: Sandbox, watched: RunningJob) -> None:
    status = sandbox.slash("bob", "status watch")
    assert watched.name in status
    assert "left" in status

    words = "logs watch --tail 5"
    sandbox.eventually(lambda: "epoch one" in sandbox.slash("bob", words), "the command's word")
    log = sandbox.slash("bob", words)
    assert "API_KEY=[hidden]" in log
    assert "canary-of-the-log" not in log


def test_a_later_deadline_reaches_the_container(sandbox: Sandbox, watched: RunningJob) -> None:
    before = deadline_in_container(sandbox, watched)
    assert "may run until" in sandbox.slash("bob", "extend watch 1h30m")
    # A node that doesn't confirm it within three seconds is told again by the caretaker.
    sandbox.eventually(
        lambda: deadline_in_container(sandbox, watched) == before + 5400, "the later deadline"
    )

    refused = sandbox.slash("bob", "extend watch 20d")
    assert "whatever happens" in refused
    assert deadline_in_container(sandbox, watched) == before + 5400


def test_what_does_not_fit_is_a_sentence(sandbox: Sandbox, watched: RunningJob) -> None:
    assert "no command that waits" in sandbox.slash("bob", "start watch")
    assert "There is no job" in sandbox.slash("bob", "status nothing-like-it")
    assert "There is no job" in sandbox.slash("alice", "logs watch")
    assert "belongs to somebody else" in sandbox.slash("alice", f"logs {watched.name}")
    assert "Usage" in sandbox.slash("bob", "extend watch")


def test_a_name_s_beginning_ends_it(sandbox: Sandbox, watched: RunningJob) -> None:
    assert "is stopping" in sandbox.slash("bob", "stop watch")
    sandbox.eventually(
        lambda: f"`{watched.name}`: stopped; nothing of it costs" in sandbox.inbox("bob"), "the end"
    )
    assert "stopped" in sandbox.slash("bob", "list --all")


def test_a_command_that_waits_begins_when_it_is_told_to(sandbox: Sandbox) -> None:
    command = "echo it began with $LUCKY; sleep 600"
    options = f'--name waiting --wait 10m --env LUCKY=seven --command "{command}"'
    job = run_job(sandbox, "bob", options)

    assert "printed nothing yet" in sandbox.slash("bob", "logs waiting")
    assert "belongs to somebody else" in sandbox.slash("alice", f"start {job.name}")
    assert "begins now" in sandbox.slash("bob", "start waiting")
    sandbox.eventually(
        lambda: "it began with seven" in sandbox.slash("bob", "logs waiting"), "the command's word"
    )
    sandbox.slash("bob", f"stop {job.name}")
