"""More runs than the quota lets in: nobody is forgotten, nothing runs twice, whoever has least goes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.waiting_line import stand_in_line

if TYPE_CHECKING:
    from pathlib import Path


def test_a_line_is_worked_off_in_fairness_though_workers_die(tmp_path: Path) -> None:
    line = stand_in_line(tmp_path / "state", members=3, each=2, minutes=2, quota=2, kills=1)

    assert (line.killed, line.delivered_twice) == (1, 1)
    assert set(line.by_request.values()) == {1}
    assert len(line.by_request) == 6
    assert all(job.status == "Completed" for job in line.jobs.values())
    assert set(line.messages.values()) == {2}
    assert line.most_at_once == 2
    # The first member asked for all of theirs before anybody else: the others still get theirs first.
    assert line.widest_gap <= 1
