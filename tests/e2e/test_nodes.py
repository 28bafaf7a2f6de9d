"""A job of two machines: each has its alias, and each alias leads to the machine of its rank."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.e2e.conftest import LOCAL, run_job

if TYPE_CHECKING:
    from tests.e2e.conftest import Sandbox


def test_each_machine_is_reached_by_its_own_name(sandbox: Sandbox) -> None:
    job = run_job(sandbox, options="--count 2 --name pair")
    assert sandbox.connect(job.ticket, "--no-shell").code == 0

    with sandbox.shell(job.name), sandbox.shell(f"{job.name}-1"):
        listed = json.loads(sandbox.run(*LOCAL, "sessions", job.name, "--json").out)["sessions"]
    reached = {each["rank"]: each["node"] for each in listed}
    assert set(reached) == {0, 1}
    assert set(reached.values()) == sandbox.nodes(job.name)
    assert reached[0] != reached[1]

    sandbox.slash("alice", f"stop {job.name}")
    sandbox.eventually(lambda: not sandbox.nodes(job.name), "the end of both nodes")


def test_each_machine_knows_its_place_and_one_that_fails_ends_them_all(sandbox: Sandbox) -> None:
    command = 'test "$SSHQ_RANK" = 0 || { echo $SM_CURRENT_HOST ran out; exit 7; }; sleep 600'
    options = f"--count 2 --name half --wait 10m --command '{command}'"
    job = run_job(sandbox, options=options)
    assert sandbox.connect(job.ticket, "--no-shell").code == 0

    with sandbox.shell(job.name) as shell:
        sandbox.slash("alice", f"start {job.name}")
        assert sandbox.drops(shell)

    def told() -> str:
        return sandbox.living_message("alice", job.name)

    sandbox.eventually(lambda: "AlgorithmError: , exit code: 7" in told(), "word of the failure")
    sandbox.eventually(lambda: "algo-2  algo-2 ran out" in told(), "the last of its log")
    sandbox.eventually(lambda: not sandbox.nodes(job.name), "the end of both nodes")
