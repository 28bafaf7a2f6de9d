"""A spot job whose instances are taken back: another node, the same lease and alias, its checkpoints."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.conftest import SANDBOX, run_job

if TYPE_CHECKING:
    from tests.e2e.conftest import Sandbox

NODE = re.compile(r"mi-[0-9a-f]{17}")


def test_the_lease_finds_the_node_that_comes_after_an_interruption(sandbox: Sandbox) -> None:
    before = sandbox.nodes()
    job = run_job(sandbox, options="--spot --name spot")
    (first,) = sandbox.nodes() - before
    assert sandbox.connect(job.ticket, "--no-shell").code == 0
    kept = Path(sandbox.folder / "state" / "jobs" / job.name / "algo-1/opt/ml/checkpoints/step")
    assert sandbox.ssh(job.name, f"echo 41 > '{kept}'").code == 0

    with sandbox.shell(job.name) as shell:
        done = sandbox.run(*SANDBOX, "interrupt", job.name)
        assert done.code == 0, done.err
        assert shell.wait(timeout=60) != 0
    again = "started the job anew; so far 1 ×"
    sandbox.eventually(lambda: again in sandbox.inbox("alice"), "word of the restart")

    def other_node_is_ready() -> bool:
        said = sandbox.inbox("alice").split(f"`{job.name}`: ready")[-1]
        return again in said and bool(set(NODE.findall(said)) - {first})

    sandbox.eventually(other_node_is_ready, "the new node")
    (second,) = sandbox.nodes() - before
    assert second != first
    # No new ticket, the same name: only the machine is another, and it has what was kept.
    answer = sandbox.ssh(job.name, f"cat '{kept}'")
    assert (answer.code, answer.out) == (0, "41\n"), answer.err

    sandbox.slash("alice", f"stop {job.name}")
    sandbox.eventually(lambda: sandbox.nodes() == before, "the end of both nodes")
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
