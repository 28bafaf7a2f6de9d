"""Starting and ending the server."""

from __future__ import annotations

import socket
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from sshq_sandbox.aws.server import AwsServer
from sshq_sandbox.free_port import free_port
from tests.sandbox_aws import Events, open_account
from tests.waiting import is_alive, until

if TYPE_CHECKING:
    from pathlib import Path


def test_a_taken_port_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)), pytest.raises(OSError, match="in use"):
        AwsServer(state_dir=tmp_path, events=Events(), port=port).start()

    server = AwsServer(state_dir=tmp_path, events=Events(), port=port)
    server.start()
    assert server.url == f"http://127.0.0.1:{port}"
    server.stop()


def test_a_stopped_server_forgets_and_can_start_again(tmp_path: Path) -> None:
    from moto.sagemaker.responses import SageMakerResponse

    url = ""
    for _ in range(2):
        with open_account(tmp_path) as account:
            assert [r["RoleName"] for r in account.client("iam").list_roles()["Roles"]] == [
                "job-role"
            ]
            url = account.server.url

    assert not hasattr(SageMakerResponse, "stop_training_job")
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url)


def test_ending_the_server_ends_its_jobs(tmp_path: Path) -> None:
    with open_account(tmp_path, stop_grace_seconds=600.0) as account:
        account.run("endless", "trap '' TERM; while :; do sleep 600; done")
        account.events.wait("endless", "Training")

    assert [event["SecondaryStatus"] for event in account.events.of("endless")][-1] == "Stopped"


def test_who_ignores_the_asking_is_killed_after_the_grace(tmp_path: Path) -> None:
    with open_account(tmp_path, stop_grace_seconds=0.5) as account:
        account.run("deaf", "trap '' TERM; echo $$; while :; do sleep 600; done")
        (pid,) = until(lambda: account.log_lines("deaf"))

        account.client("sagemaker").stop_training_job(TrainingJobName="deaf")

        account.events.wait("deaf", "Stopped")
        assert not is_alive(int(pid))


def test_a_moved_clock_moves_the_jobs_with_it(tmp_path: Path) -> None:
    ahead = [timedelta()]
    with open_account(tmp_path, clock=lambda: datetime.now(UTC) + ahead[0]) as account:
        account.run("late", "sleep 600", StoppingCondition={"MaxRuntimeInSeconds": 3600})
        account.events.wait("late", "Training")

        ahead[0] = timedelta(days=2)

        event = account.events.wait("late", "MaxRuntimeExceeded")
        assert event["TrainingEndTime"] - event["CreationTime"] > 86_400_000
        account.run("later", "echo up")
        account.events.wait("later", "Completed")
        assert account.log_lines("later") == ["up"]
