"""One message for each job, true at every stage, whatever got lost on the way."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sshq.chat.mrkdwn import moment
from sshq.domain.job_progress import TrainingStatus
from sshq.domain.jobs import EndReason, Phase
from sshq.use_cases.dispatch import commands
from sshq.use_cases.follow import follow
from sshq.use_cases.sweep import sweep
from tests.core_services import ADMIN, ALICE, MemoryServices
from tests.job_lives import comes_up, message_of, moves, prints, record, run

if TYPE_CHECKING:
    from sshq.domain.jobs import Job

CANARY = "hunter2-the-canary"


def phase(services: MemoryServices, job: Job) -> Phase:
    return services.jobs.all[job.name].phase


def test_each_stage_is_shown_with_how_long_the_ones_before_it_took(
    services: MemoryServices,
) -> None:
    job = run(services)
    seen = []

    def look() -> None:
        follow(services, job.name)
        seen.append(phase(services, job))

    for status in ("Starting", "Downloading", "Training"):
        services.clock.time += timedelta(seconds=30)
        moves(services, job, status)
        look()
    prints(services, job, record("probe"))
    look()
    prints(services, job, record("agent"), record("sshd", code="image"))
    look()
    prints(services, job, record("register", node_id="mi-1"))
    comes_up(services, job)
    look()

    assert seen == [
        Phase.STARTING,
        Phase.DOWNLOADING,
        Phase.PROBING,
        Phase.SSHD,
        Phase.REGISTERING,
        Phase.READY,
    ]
    shown = message_of(services, job)
    assert "submitted 30 s → starting 30 s → downloading 30 s → probing 0 s" in shown
    assert f"*ready* since {moment(services.clock.now())}" in shown
    assert "fleet-manager/managed-nodes/mi-1/general?region=eu-west-1|mi-1>" in shown
    assert "ssh sshq-alice-workbench" in shown


def test_a_stage_that_came_and_went_between_two_looks_is_told_all_the_same(
    services: MemoryServices,
) -> None:
    job = run(services)
    moves(services, job, "Starting", "Downloading", "Training")
    follow(services, job.name)

    assert "starting 10 s → downloading 10 s → *probing*" in message_of(services, job)


def test_nodes_are_told_one_by_one(services: MemoryServices) -> None:
    job = run(services, count=3)
    moves(services, job, "Training")
    prints(services, job, record("sshd", rank=0), record("register", rank=0, node_id="mi-0"))
    prints(services, job, record("sshd", "failed", "no_sshd", rank=1), node="algo-2")
    follow(services, job.name)

    shown = message_of(services, job)
    assert "node 0: the registration with SSM is done · mi-0" in shown
    assert "node 1: the SSH server failed: `no_sshd`" in shown
    assert "node 2: no word from it yet" in shown


def test_a_failed_start_up_tells_reason_stage_and_last_lines_but_no_secret(
    services: MemoryServices,
) -> None:
    job = run(services)
    moves(services, job, "Starting", "Downloading", "Training")
    prints(services, job, f"export DB_PASSWORD={CANARY}", "E: Unable to locate openssh-server")
    prints(services, job, record("probe"), record("sshd", "failed", "no_sshd"))
    prints(services, job, record("ready", "failed", "no_sshd"))
    sweep(services)

    assert services.training_jobs.stopped == [job.name]
    moves(services, job, "Stopped", status="Stopped")
    follow(services, job.name)

    assert phase(services, job) is Phase.FAILED
    shown = message_of(services, job)
    assert "the SSH server failed: `no_sshd`" in shown
    assert "It failed at the stage “SSH server”" in shown
    assert "Unable to locate openssh-server" in shown
    assert "Nobody could have entered it" in shown
    assert CANARY not in services.chat.everything()


def test_a_command_goes_on_though_nobody_can_enter_and_the_message_says_so(
    services: MemoryServices,
) -> None:
    job = run(services, command="python train.py")
    moves(services, job, "Training")
    prints(services, job, record("ready", "failed", "register_refused"))
    sweep(services)

    assert services.training_jobs.stopped == []
    assert "Its command runs all the same" in message_of(services, job)


def test_what_sagemaker_says_of_a_failure_is_shown(services: MemoryServices) -> None:
    job = run(services)
    moves(services, job, "Starting", "Downloading")
    follow(services, job.name)
    moves(services, job, "Failed", status="Failed", failure="ClientError: no such image <x>")
    follow(services, job.name)

    shown = message_of(services, job)
    assert "Reason: ClientError: no such image &lt;x&gt;" in shown
    assert "It failed at the stage “downloading”" in shown


def test_a_command_that_failed_isnt_blamed_on_the_start_up(services: MemoryServices) -> None:
    job = run(services, command="false")
    moves(services, job, "Starting", "Downloading", "Training")
    follow(services, job.name)
    failure = "AlgorithmError: , exit code: 3"
    moves(services, job, "Failed", status="Failed", failure=failure)
    follow(services, job.name)

    shown = message_of(services, job)
    assert failure in shown
    assert "That is how its command ended" in shown
    assert "It failed at the stage" not in shown


def test_a_start_up_that_failed_isnt_blamed_on_the_command(services: MemoryServices) -> None:
    job = run(services, command="python train.py", on_failure="fail")
    moves(services, job, "Training")
    prints(services, job, record("ready", "failed", "register_refused"))
    sweep(services)
    moves(services, job, "Failed", status="Failed", failure="AlgorithmError: , exit code: 1")
    follow(services, job.name)

    shown = message_of(services, job)
    assert "That is how its command ended" not in shown
    assert "It failed at the stage" in shown


@pytest.mark.parametrize(
    ("secondary", "reason"),
    [
        ("MaxRuntimeExceeded", EndReason.HARD_CAP),
        ("MaxWaitTimeExceeded", EndReason.NO_CAPACITY),
        ("Stopped", None),
    ],
)
def test_an_end_tells_why(
    services: MemoryServices, secondary: str, reason: EndReason | None
) -> None:
    job = run(services)
    moves(services, job, "Training", secondary, status="Stopped")
    follow(services, job.name)

    assert services.jobs.all[job.name].end_reason is reason


def test_what_has_ended_has_no_deadline_any_more(services: MemoryServices) -> None:
    job = run(services)
    assert " · until " in message_of(services, job)

    moves(services, job, "Training", "Completed", status="Completed")
    follow(services, job.name)

    assert " · until " not in message_of(services, job)


def test_the_container_s_own_word_tells_that_its_time_was_up(services: MemoryServices) -> None:
    job = run(services)
    moves(services, job, "Training")
    prints(services, job, record("end", code="deadline", exit_code=0))
    moves(services, job, "Completed", status="Completed")
    follow(services, job.name)

    assert services.jobs.all[job.name].end_reason is EndReason.DEADLINE
    assert "Its time was up" in message_of(services, job)


def test_nothing_new_is_not_shown_again(services: MemoryServices) -> None:
    job = run(services)
    moves(services, job, "Training")
    follow(services, job.name)
    said = len(services.chat.said)
    services.clock.time += timedelta(minutes=5)
    sweep(services)
    sweep(services)

    assert len(services.chat.said) == said


def test_an_end_that_slack_did_not_take_is_shown_by_the_next_round(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = run(services)
    moves(services, job, "Training", "Stopped", status="Stopped")

    def away(*_: Any) -> None:
        raise ConnectionError("Slack is away")

    with monkeypatch.context() as patch:
        patch.setattr(services.chat, "update", away)
        assert sweep(services) == [job.name]
    assert phase(services, job) is Phase.STOPPED
    assert services.jobs.unsettled() == [services.jobs.all[job.name]]

    assert sweep(services) == []
    assert "stopped; nothing of it costs money" in message_of(services, job)
    assert services.jobs.unsettled() == []


def test_of_two_who_show_at_once_the_later_state_stays(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another function moves the job on while this one is still telling Slack of what was before."""
    job = run(services)
    moves(services, job, "Starting")
    update = services.chat.update

    def overtaken(message: Any, view: Any) -> None:
        monkeypatch.setattr(services.chat, "update", update)
        moves(services, job, "Downloading")
        follow(services, job.name)
        update(message, view)

    monkeypatch.setattr(services.chat, "update", overtaken)
    follow(services, job.name)

    assert "*downloading*" in message_of(services, job)


def test_a_log_that_cannot_be_read_keeps_no_job_from_being_ready(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = run(services)
    moves(services, job, "Training")
    comes_up(services, job)

    def denied(*_: Any) -> None:
        raise PermissionError("logs:FilterLogEvents")

    monkeypatch.setattr(services.job_logs, "records", denied)
    follow(services, job.name)

    assert phase(services, job) is Phase.READY


def test_a_request_that_never_reached_sagemaker_does_not_stay_open(
    services: MemoryServices,
) -> None:
    job = run(services)
    del services.training_jobs.status[job.name]
    sweep(services)
    assert phase(services, job) is Phase.SUBMITTED

    services.clock.time += timedelta(minutes=30)
    sweep(services)
    assert phase(services, job) is Phase.FAILED
    assert "SageMaker never got it" in message_of(services, job)
    assert services.nodes.activations == {}
    assert services.startup_files.stored.keys().isdisjoint({job.prefix})


def test_a_submission_that_a_stop_overtook_is_stopped_by_the_caretaker(
    services: MemoryServices,
) -> None:
    """The stop came while the worker was about to submit: SageMaker hears of the job afterwards."""
    job = run(services)
    status = services.training_jobs.status.pop(job.name)
    commands(services, services.message(ADMIN, "stop", trigger="2", job=job.name))
    services.training_jobs.status[job.name] = status
    services.training_jobs.stopped.clear()
    sweep(services)
    assert services.training_jobs.stopped == []

    services.clock.time += timedelta(minutes=1)
    sweep(services)
    assert services.training_jobs.stopped == [job.name]


def test_a_stop_of_what_sagemaker_never_knew_ends(services: MemoryServices) -> None:
    job = run(services)
    del services.training_jobs.status[job.name]
    commands(services, services.message(ALICE, "stop", trigger="2"))
    services.clock.time += timedelta(minutes=2)
    sweep(services)

    assert phase(services, job) is Phase.STOPPED
    assert services.jobs.unsettled() == []


def test_an_old_describe_moves_nothing_back(services: MemoryServices) -> None:
    job = run(services)
    moves(services, job, "Training")
    comes_up(services, job)
    follow(services, job.name)
    services.training_jobs.status[job.name] = TrainingStatus("InProgress", "Downloading")
    follow(services, job.name)

    assert phase(services, job) is Phase.READY


def test_a_deadline_is_kept_though_nothing_can_be_read(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command document is gone, SSM is away, SageMaker throttles: time goes on all the same."""
    job = run(services, hours=1)

    def away(*_: Any) -> None:
        raise ConnectionError("SageMaker is away")

    monkeypatch.setattr(services.training_jobs, "describe", away)
    services.clock.time += timedelta(minutes=59)
    assert sweep(services) == [job.name]
    assert services.training_jobs.stopped == []

    services.clock.time += timedelta(minutes=1)
    assert sweep(services) == [job.name]
    assert services.training_jobs.stopped == [job.name]
