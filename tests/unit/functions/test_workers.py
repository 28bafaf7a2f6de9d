"""The queues' functions, JobEvents and Caretaker: each record to its use case, and no secret in a log."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError

from sshq.adapters import sqs_worker
from sshq.domain.job_progress import TrainingStatus
from sshq.domain.jobs import Phase
from sshq.domain.queue_message import QueueMessage
from sshq.use_cases.dispatch import commands
from tests.core_services import ADMIN, ALICE, BOB, MemoryServices
from tests.lambda_functions import Context, load, payload

if TYPE_CHECKING:
    import io

    from sshq.domain.identity import Actor

CANARY = "canary-value-of-an-environment-variable"


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> MemoryServices:
    services = MemoryServices()
    services.enrol(ALICE, "alice")
    services.enrol(BOB, "bob")
    monkeypatch.setattr(sqs_worker, "live", lambda: services)
    return services


def record(body: str, number: int, actor: Actor = ALICE) -> dict[str, Any]:
    """A record like the one in events/, of this user's group."""
    made: dict[str, Any] = copy.deepcopy(payload("sqs/commands.json")["Records"][0])
    made |= {"messageId": f"message-{number}", "body": body, "receiptHandle": f"receipt-{number}"}
    made["attributes"]["MessageGroupId"] = actor.tag
    return made


def message(services: MemoryServices, actor: Actor, number: int, verb: str = "run") -> str:
    return services.message(actor, verb, trigger=f"{number}.{number}").model_dump_json()


def failures(answer: dict[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_the_payload_that_all_parts_share_becomes_a_job(services: MemoryServices) -> None:
    event = payload("sqs/commands.json")
    asked = QueueMessage.model_validate_json(event["Records"][0]["body"])
    services.enrol(asked.actor, "alice")
    profile = services.chat.profiles[ALICE.user]
    services.chat.profiles[asked.actor.user] = profile

    answer = load("command_worker").lambda_handler(event, Context())

    assert answer == {"batchItemFailures": []}
    (job,) = services.jobs.all.values()
    assert job.request == asked.request
    assert job.owner == asked.actor


def test_what_fails_is_delivered_again_and_holds_up_its_own_user_only(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = services.training_jobs.create
    names: list[str] = []

    def create(job: Any, *, request: str) -> None:
        names.append(job.name)
        if len(names) == 1:
            raise ConnectionError("lost")
        real(job, request=request)

    monkeypatch.setattr(services.training_jobs, "create", create)
    event = {
        "Records": [
            record(message(services, ALICE, 1), 1, ALICE),
            record(message(services, ALICE, 2), 2, ALICE),
            record(message(services, BOB, 3), 3, BOB),
        ]
    }

    answer = load("command_worker").lambda_handler(event, Context())

    assert failures(answer) == ["message-1", "message-2"]
    assert [job.owner for job in services.jobs.all.values() if job.phase is Phase.SUBMITTED] == [
        BOB
    ]


def test_a_batch_of_failures_only_is_an_answer_too(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.training_jobs.error = ConnectionError("lost")
    event = {"Records": [record(message(services, ALICE, 1), 1)]}

    answer = load("command_worker").lambda_handler(event, Context())

    assert failures(answer) == ["message-1"]


@pytest.mark.parametrize(("received", "pause"), [("1", 10), ("2", 60), ("3", 60)])
def test_what_failed_comes_again_soon_with_all_that_waits_behind_it(
    services: MemoryServices, received: str, pause: int
) -> None:
    """Left alone, SQS would hide it and everything of its user's for the visibility timeout."""
    services.training_jobs.error = ConnectionError("lost")
    records = [record(message(services, ALICE, number), number) for number in (1, 2)]
    records[0]["attributes"]["ApproximateReceiveCount"] = received

    load("command_worker").lambda_handler({"Records": records}, Context())

    (found,) = services.redelivery.brought_back
    assert found == (["receipt-1", "receipt-2"], "sshq-commands.fifo", pause)


def test_a_queue_that_cant_bring_back_loses_nothing(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttled(receipts: object, *, queue: str, seconds: int) -> None:
        raise EndpointConnectionError(endpoint_url="https://sqs")

    services.training_jobs.error = ConnectionError("lost")
    monkeypatch.setattr(services.redelivery, "bring_back", throttled)

    answer = load("command_worker").lambda_handler(
        {"Records": [record(message(services, ALICE, 1), 1)]}, Context()
    )

    assert failures(answer) == ["message-1"]


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        json.dumps({"schema": 99, "secret": CANARY}),
        json.dumps({"env": {"TOKEN": CANARY}}),
    ],
)
def test_a_message_that_nobody_can_read_is_logged_without_its_content(
    services: MemoryServices, log: io.StringIO, body: str
) -> None:
    answer = load("command_worker").lambda_handler({"Records": [record(body, 1)]}, Context())

    out = log.getvalue()
    assert failures(answer) == ["message-1"]
    assert "will be delivered again" in out
    assert "message-1" in out
    assert CANARY not in out


def test_arguments_that_dont_fit_are_logged_without_their_values(
    services: MemoryServices, log: io.StringIO
) -> None:
    body = services.message(ALICE, "run", count=99, env={"TOKEN": CANARY}, surprise=CANARY)

    answer = load("command_worker").lambda_handler(
        {"Records": [record(body.model_dump_json(), 1)]}, Context()
    )

    out = log.getvalue()
    assert failures(answer) == ["message-1"]
    assert body.correlation in out
    assert CANARY not in out


def test_setups_queue_and_the_commands_queue_dont_do_each_others_work(
    services: MemoryServices,
) -> None:
    setup = {"Records": [record(message(services, ADMIN, 1, "setup"), 1, ADMIN)]}
    whoami = {"Records": [record(message(services, ALICE, 2, "whoami"), 2)]}

    assert failures(load("command_worker").lambda_handler(setup, Context())) == ["message-1"]
    assert failures(load("iam_provisioner").lambda_handler(whoami, Context())) == ["message-2"]
    assert services.account.writes == []

    assert failures(load("iam_provisioner").lambda_handler(setup, Context())) == []
    assert services.plans.all


def test_who_asked_in_vain_is_told(services: MemoryServices) -> None:
    asked = services.message(ALICE, "run")

    answer = load("dead_letters").lambda_handler(
        {"Records": [record(asked.model_dump_json(), 1)]}, Context()
    )

    assert answer == {"batchItemFailures": []}
    assert asked.correlation in services.chat.everything()
    assert services.audit.names() == ["given-up"]


@pytest.fixture
def started(services: MemoryServices) -> MemoryServices:
    """With a job of alice's whose name is that of the shared event."""
    commands(services, services.message(ALICE, "run"))
    name = payload("eventbridge/sagemaker_training_job_state_change.json")["detail"][
        "TrainingJobName"
    ]
    (job,) = services.jobs.all.values()
    services.jobs.all = {name: job.model_copy(update={"name": name})}
    return services


def test_an_event_is_a_hint_and_the_facts_are_read(started: MemoryServices) -> None:
    """The event says Failed; SageMaker, asked, says that it runs."""
    event = payload("eventbridge/sagemaker_training_job_state_change.json")
    name = event["detail"]["TrainingJobName"]
    started.training_jobs.status[name] = TrainingStatus("InProgress", "Downloading")
    app = load("job_events")
    app.live = lambda: started  # type: ignore[attr-defined]

    app.lambda_handler(event, Context())
    assert started.jobs.all[name].phase is Phase.DOWNLOADING

    started.training_jobs.status[name] = TrainingStatus("Failed", "Failed", "AlgorithmError")
    app.lambda_handler(event, Context())
    app.lambda_handler(event, Context())
    assert started.jobs.all[name].phase is Phase.FAILED
    assert started.jobs.all[name].failure == "AlgorithmError"


def test_a_starting_job_is_followed_until_it_is_ready(started: MemoryServices) -> None:
    event = payload("eventbridge/sagemaker_training_job_state_change.json")
    (job,) = started.jobs.all.values()
    started.training_jobs.status[job.name] = TrainingStatus("InProgress", "Training")
    assert job.activation
    app = load("job_events")
    app.live = lambda: started  # type: ignore[attr-defined]

    sleep = started.clock.sleep

    def sleeping(seconds: float) -> None:
        sleep(seconds)
        if len(started.clock.slept) == 3:
            started.nodes.come_up(str(job.activation), "mi-1")

    started.clock.sleep = sleeping  # type: ignore[method-assign]
    app.lambda_handler(event, Context(seconds_left=120))

    assert started.jobs.all[job.name].phase is Phase.READY
    assert len(started.clock.slept) == 3


def test_following_ends_before_lambda_ends_it(started: MemoryServices) -> None:
    event = payload("eventbridge/sagemaker_training_job_state_change.json")
    (job,) = started.jobs.all.values()
    started.training_jobs.status[job.name] = TrainingStatus("InProgress", "Training")
    app = load("job_events")
    app.live = lambda: started  # type: ignore[attr-defined]

    app.lambda_handler(event, Context(seconds_left=60))

    assert started.jobs.all[job.name].phase is Phase.PROBING
    assert sum(started.clock.slept) <= 60 - 15


def test_an_event_of_somebody_elses_job_is_nothing_to_us(services: MemoryServices) -> None:
    app = load("job_events")
    app.live = lambda: services  # type: ignore[attr-defined]

    app.lambda_handler(payload("eventbridge/sagemaker_training_job_state_change.json"), Context())

    assert services.chat.said == []


def test_the_caretaker_looks_after_all_though_one_is_sick(
    services: MemoryServices,
    monkeypatch: pytest.MonkeyPatch,
    log: io.StringIO,
) -> None:
    commands(services, services.message(ALICE, "run", trigger="1.1"))
    commands(services, services.message(BOB, "run", trigger="2.2"))
    sick, well = services.jobs.all
    real = services.training_jobs.describe

    def describe(name: str) -> TrainingStatus | None:
        if name == sick:
            raise ConnectionError("lost")
        return real(name)

    monkeypatch.setattr(services.training_jobs, "describe", describe)
    services.clock.time = services.jobs.all[well].deadline
    app = load("caretaker")
    app.live = lambda: services  # type: ignore[attr-defined]

    app.lambda_handler(payload("scheduler/tick.json"), Context())

    # Both are past their deadline: what can't be looked at is ended all the same.
    assert services.training_jobs.stopped == [sick, well]
    assert sick in log.getvalue()


def test_once_a_day_the_caretaker_asks_after_each_member_once(services: MemoryServices) -> None:
    app = load("caretaker")
    app.live = lambda: services  # type: ignore[attr-defined]
    for _ in range(2):
        app.lambda_handler(payload("scheduler/daily.json"), Context())

    asked = [QueueMessage.model_validate_json(body) for body, _, _ in services.commands_queue.sent]
    assert {(message.actor, message.verb) for message in asked} == {
        (ALICE, "check-member"),
        (BOB, "check-member"),
    }
    assert len({deduplication for _, _, deduplication in services.commands_queue.sent}) == 2
