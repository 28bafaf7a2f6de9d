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
