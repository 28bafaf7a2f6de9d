"""A spot job whose instances are taken back: another node, the same lease and alias, its checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.conftest import NODE, SANDBOX, run_job

if TYPE_CHECKING:
    from tests.e2e.conftest import Sandbox


def test_the_lease_finds_the_node_that_comes_after_an_interruption(sandbox: Sandbox) -> None:
    job = run_job(sandbox, options="--spot --name spot")
    (first,) = sandbox.nodes(job.name)
    assert sandbox.connect(job.ticket, "--no-shell").code == 0
    kept = Path(sandbox.folder / "state" / "jobs" / job.name / "algo-1/opt/ml/checkpoints/step")
    assert sandbox.ssh(job.name, f"echo 41 > '{kept}'").code == 0

    with sandbox.shell(job.name) as shell:
        done = sandbox.run(*SANDBOX, "interrupt", job.name)
        assert done.code == 0, done.err
        assert sandbox.drops(shell)

    def told() -> str:
        return sandbox.living_message("alice", job.name)

    again = "started the job anew; so far 1 ×"
    sandbox.eventually(lambda: again in told(), "word of the restart")
    sandbox.eventually(lambda: "*ready* since" in told() and first not in told(), "the new node")
    (second,) = sandbox.nodes(job.name)
    sandbox.eventually(lambda: set(NODE.findall(told())) == {second}, "word of it alone")
    # No new ticket, the same name: only the machine is another, and it has what was kept.
    answer = sandbox.ssh(job.name, f"cat '{kept}'")
    assert (answer.code, answer.out) == (0, "41\n"), answer.err

    sandbox.slash("alice", f"stop {job.name}")
    sandbox.eventually(lambda: not sandbox.nodes(job.name), "the end of the node")
    described = sandbox.aws("sagemaker").describe_training_job(TrainingJobName=job.name)
    way = [step["Status"] for step in described["SecondaryStatusTransitions"]]
    assert way[:6] == [
        "Starting",
        "Downloading",
        "Training",
        "Interrupted",
        "Starting",
        "Downloading",
    ]


def test_only_spot_instances_are_taken_back(sandbox: Sandbox) -> None:
    done = sandbox.run(*SANDBOX, "interrupt", "sshq-alice-nosuch")

    assert done.code != 0
    assert "No job sshq-alice-nosuch is running" in done.err
