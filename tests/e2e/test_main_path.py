"""The main path, from a ticket to a shell, and its end."""

from __future__ import annotations

import hashlib
import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import LOCAL, SANDBOX, WAIT, RunningJob, Sandbox, run_job
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def connected(sandbox: Sandbox, job: RunningJob) -> RunningJob:
    """alice's laptop holds a lease on the job."""
    done = sandbox.connect(job.ticket, "--no-shell")
    assert done.code == 0, done.err
    return job


def test_a_command_runs_in_the_job(sandbox: Sandbox, connected: RunningJob) -> None:
    done = sandbox.ssh(connected.name, "echo $TRAINING_JOB_NAME; exit 7")
    assert (done.code, done.out) == (7, f"{connected.name}\n")


def test_files_go_both_ways_unharmed(
    sandbox: Sandbox, connected: RunningJob, tmp_path: Path
) -> None:
    there = sandbox.folder / "copied"
    local, back = tmp_path / "a file", tmp_path / "back"
    local.write_bytes(bytes(range(256)) * 8192)
    up = sandbox.ssh("", str(local), f"{connected.name}:{there}", program="scp")
    down = sandbox.ssh("", f"{connected.name}:{there}", str(back), program="scp")
    assert (up.code, down.code) == (0, 0), up.err + down.err
    digest = hashlib.sha256(local.read_bytes()).digest()
    assert hashlib.sha256(back.read_bytes()).digest() == digest


def test_pasting_the_line_again_is_no_theft(sandbox: Sandbox, connected: RunningJob) -> None:
    assert sandbox.connect(connected.ticket, "--no-shell").code == 0
    assert sandbox.ssh(connected.name, "true").code == 0


def test_the_laptop_has_no_aws_credentials_in_use(sandbox: Sandbox, connected: RunningJob) -> None:
    environment = sandbox.environment()
    assert not [name for name in environment if name.startswith("AWS_ACCESS")]
    by = {call["caller"] for call in sandbox.calls("StartSession")}
    assert by == {"AccessApi"}


def test_the_same_request_delivered_again_is_one_job(sandbox: Sandbox) -> None:
    said = sandbox.run(*SANDBOX, "slash", "--as", "alice", "run --name twice", "--json", *WAIT)
    ack = json.loads(said.out)["ack"]
    for fresh in ("", "--fresh-signature"):
        options = [fresh] if fresh else []
        again = sandbox.run(
            *SANDBOX, "redeliver", "--as", "alice", *options, ack["request_id"], *WAIT
        )
        assert again.code == 0, again.err
    created = [call for call in sandbox.calls("CreateTrainingJob") if "-twice-" in json.dumps(call)]
    assert len(created) == 1
    sandbox.slash("alice", f"stop {created[0]['parameters']['TrainingJobName']}")


def test_stop_takes_everything_and_a_connection_drops(sandbox: Sandbox) -> None:
    job = run_job(sandbox, "bob", "--name short")
    before = len(sandbox.calls("StartSession"))
    done = sandbox.connect(job.ticket, "--", "echo over the first session", laptop="bob")
    assert (done.code, done.out) == (0, "over the first session\n"), done.err
    # It came with the lease: ssh asked for none.
    assert len(sandbox.calls("StartSession")) == before + 1
    with sandbox.shell(job.name, "bob") as shell:
        ticket = sandbox.click("bob", "Connect").split("sshq-local connect ")[1].split("`")[0]
        sandbox.slash("bob", f"stop {job.name}")
        assert sandbox.drops(shell)

    spent = sandbox.connect(ticket, "--no-shell", laptop="bobs-other-laptop")
    assert spent.code == 1
    assert "This ticket can't be used" in spent.err
    assert sandbox.ssh(job.name, "true", laptop="bob").code == 255
    assert sandbox.run(*LOCAL, "status", job.name, laptop="bob").code == 1
    operations = {op: json.dumps(sandbox.calls(op)) for op in ("DeregisterManagedInstance",)}
    assert "mi-" in operations["DeregisterManagedInstance"]
    sandbox.eventually(lambda: "stopped; nothing of it costs" in sandbox.inbox("bob"), "the end")


def test_a_stolen_ticket_ends_the_lease_and_alarms_the_owner(sandbox: Sandbox) -> None:
    job = run_job(sandbox, "bob", "--name stolen")
    assert sandbox.connect(job.ticket, "--no-shell", laptop="bob").code == 0
    assert sandbox.connect(job.ticket, "--no-shell", laptop="thief").code == 1
    sandbox.eventually(lambda: "had been used already" in sandbox.inbox("bob"), "the alarm")
    assert sandbox.ssh(job.name, "true", laptop="bob").code == 255
    sandbox.slash("bob", f"stop {job.name}")


@pytest.mark.parametrize(
    ("person", "text", "answer"),
    [
        ("carol", "run", "not a member"),
        ("alice", "setup", "Only an admin"),
        ("alice", "add-user @bob", "Only an admin"),
        ("gina", "run", "guest"),
        ("alice", "runn", "There is no `/sshq runn`"),
        ("alice", "stop sshq-alice-nothing-there", "There is no job"),
        ("admin", "add-user alice", "pick the person"),
        ("admin", "add-user @gina", "guest"),
    ],
)
def test_bad_input_gets_a_sentence_and_leaves_nothing(
    sandbox: Sandbox, person: str, text: str, answer: str
) -> None:
    before = len(sandbox.calls("CreateTrainingJob"))
    assert answer in sandbox.slash(person, text)
    assert len(sandbox.calls("CreateTrainingJob")) == before


@pytest.mark.parametrize(
    ("ticket", "code"),
    [("nonsense", 2), ("127.0.0.1:1/" + "0" * 32, 3), ("example.com/tooshort", 2)],
)
def test_a_ticket_that_is_none_has_its_exit_code(sandbox: Sandbox, ticket: str, code: int) -> None:
    done = sandbox.connect(ticket, "--no-shell", laptop="nobody")
    assert done.code == code, done.err
    assert done.err.strip()


def test_without_ssh_nothing_is_spent(sandbox: Sandbox, job: RunningJob, tmp_path: Path) -> None:
    environment = sandbox.environment("no-ssh") | {"PATH": str(tmp_path)}
    done = subprocess.run(
        (*LOCAL, "connect", job.ticket),
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 4
    assert "ssh" in done.stderr
