"""`/sshq run`: one request, one job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sshq.container import entrypoint, startup_digest, startup_files
from sshq.domain.job_options import Options
from sshq.domain.jobs import NAME_PATTERN, Phase
from sshq.domain.members import Limits
from sshq.domain.money import MICROS, Currency, Money
from sshq.domain.presets import Preset
from sshq.domain.queue_message import QueueMessage
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.run_policy import OverLimits
from sshq.use_cases.dispatch import commands
from tests.core_services import ADMIN, ALICE, BOB, EVE, RESPONSE_URL, MemoryServices

if TYPE_CHECKING:
    from sshq.domain.job_file import Activation
    from sshq.domain.members import Member


def test_a_job_is_submitted_with_all_that_its_container_needs(services: MemoryServices) -> None:
    commands(services, services.message(ALICE, "run", instance="ml.g5.xlarge", env={"A": "b c"}))

    (job,) = services.jobs.all.values()
    submitted = services.training_jobs.created[job.name]
    files = services.startup_files.stored[job.prefix]
    assert job.phase is Phase.SUBMITTED
    assert NAME_PATTERN.match(job.name)
    assert job.name.startswith("sshq-alice-workbench-")
    assert submitted.instance == "ml.g5.xlarge"
    assert submitted.entrypoint == entrypoint(startup_digest())
    assert submitted.channels == {
        "sshq": f"s3://bucket/{job.prefix}/",
        "sshq-code": f"s3://bucket/container/{startup_digest()}/",
    }
    assert services.startup_files.shared == {f"container/{startup_digest()}": startup_files()}
    assert submitted.tags["sshq:request"] == job.request
    assert submitted.tags["SSHResourceName"] == job.name
    assert files.keys() == {"job.json", "job.env"}
    assert b"export A='b c'" in files["job.env"]


def test_the_activation_code_is_in_the_channel_and_nowhere_else(services: MemoryServices) -> None:
    commands(services, services.message(ALICE, "run"))

    (job,) = services.jobs.all.values()
    assert b"the-activation-code" in services.startup_files.stored[job.prefix]["job.env"]
    assert "the-activation-code" not in services.chat.everything()
    assert "the-activation-code" not in repr(services.training_jobs.created)
    assert "the-activation-code" not in job.model_dump_json()
    assert "the-activation-code" not in repr(services.audit.events)


def test_the_same_request_delivered_twice_is_one_job_and_one_answer(
    services: MemoryServices,
) -> None:
    message = services.message(ALICE, "run")
    commands(services, message)
    said = len(services.chat.said)
    commands(services, message)

    assert len(services.training_jobs.created) == 1
    assert len(services.chat.said) == said


@pytest.mark.parametrize(
    "dies_at",
    ["create_activation", "put_shared", "put", "create", "post", "respond", "finish"],
)
def test_a_worker_that_dies_at_any_call_leaves_one_job_after_the_redelivery(
    services: MemoryServices, dies_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = {
        "create_activation": services.nodes,
        "put_shared": services.startup_files,
        "put": services.startup_files,
        "create": services.training_jobs,
        "post": services.chat,
        "respond": services.chat,
        "finish": services.requests,
    }[dies_at]
    real = getattr(owner, dies_at)

    def dies_after_the_effect(*args: object, **kwargs: object) -> None:
        real(*args, **kwargs)
        raise ConnectionError(dies_at)

    message = services.message(ALICE, "run")
    with monkeypatch.context() as patch:
        patch.setattr(owner, dies_at, dies_after_the_effect)
        with pytest.raises(ConnectionError):
            commands(services, message)
    commands(services, message)

    (job,) = services.jobs.all.values()
    assert list(services.training_jobs.created) == [job.name]
    assert list(services.nodes.activations) == [job.activation]
    assert list(services.startup_files.stored) == [job.prefix]
    assert job.message is not None


def test_an_activation_whose_answer_was_lost_doesnt_stay(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """boto3 asks a second time; of the first activation nobody knows the code."""
    real = services.nodes.create_activation

    def asked_twice(**request: Any) -> Activation:
        real(**request)
        return real(**request)

    monkeypatch.setattr(services.nodes, "create_activation", asked_twice)
    commands(services, services.message(ALICE, "run"))

    (job,) = services.jobs.all.values()
    assert list(services.nodes.activations) == [job.activation]


def test_a_job_that_sagemaker_refuses_leaves_nothing_behind(services: MemoryServices) -> None:
    services.training_jobs.error = Refusal(Reason.REFUSED_BY_AWS, detail="no such image")
    commands(services, services.message(ALICE, "run", instance="ml.p5.48xlarge"))

    (job,) = services.jobs.all.values()
    assert job.phase is Phase.FAILED
    assert services.nodes.activations == {}
    assert services.startup_files.stored == {}
    assert "no such image" in services.chat.everything()
    assert job.cost_micros == 0
    assert set(services.budgets.committed.values()) == {0}


def test_more_hours_than_the_stack_allows_are_refused(services: MemoryServices) -> None:
    commands(services, services.message(ALICE, "run", hours=48))

    assert services.jobs.all == {}
    assert "24" in services.chat.said[0][1].text


def test_somebody_who_is_no_member_gets_a_refusal_and_no_job(services: MemoryServices) -> None:
    commands(services, services.message(BOB, "run"))

    assert services.training_jobs.created == {}
    where, view = services.chat.said[0]
    assert where == RESPONSE_URL
    assert "not a member" in view.text


@pytest.mark.parametrize("flag", ["deleted", "bot", "restricted", "stranger"])
def test_a_member_whom_slack_no_longer_counts_as_a_person_of_the_team_is_refused(
    services: MemoryServices, flag: str
) -> None:
    services.chat.profiles[ALICE.user] = services.chat.profiles[ALICE.user].model_copy(
        update={flag: True}
    )
    commands(services, services.message(ALICE, "run"))

    assert services.training_jobs.created == {}


def test_an_admin_is_asked_with_what_the_job_may_cost_once_they_approve() -> None:
    """Its hours cost $576; without its member's budget it may be extended to the stack's 24 hours."""
    services = MemoryServices().with_settings(
        over_limits=OverLimits.ASK, admins=f"{ADMIN.tag},{EVE.tag}", max_hours=24
    )
    services.members.add(_poor())
    commands(services, services.message(ALICE, "run"))

    (approval,) = services.approvals.all.values()
    assert approval.facts["cost"] == "$578.40"
    assert approval.facts["shape"].endswith("/pytorch:1, ≤ $1,748.40")


@pytest.mark.parametrize("dearer", [False, True])
def test_an_approval_counts_for_the_job_that_was_shown_and_for_no_other(dearer: bool) -> None:
    """Whoever waits for it may not have a share in what their preset becomes meanwhile."""
    services = MemoryServices().with_settings(
        over_limits=OverLimits.ASK, admins=f"{ADMIN.tag},{EVE.tag}", max_hours=24
    )
    services.members.add(_poor())
    _save_preset(services, "ml.g5.xlarge")
    commands(services, services.message(ALICE, "run", preset="gpu"))
    (asked,) = services.approvals.all
    if dearer:
        _save_preset(services, "ml.p5.48xlarge")
    commands(services, services.message(EVE, "approve", trigger="e.1", id=asked))
    (body, _, _) = services.commands_queue.sent.pop()
    commands(services, QueueMessage.model_validate_json(body))

    if not dearer:
        assert [job.approved_by for job in services.jobs.open_jobs()] == [EVE]
        return
    assert services.jobs.all == {}
    second = services.approvals.all[list(services.approvals.all)[1]]
    assert "ml.p5.48xlarge" in second.facts["shape"]
    commands(services, services.message(EVE, "approve", trigger="e.2", id=second.id))
    (body, _, _) = services.commands_queue.sent.pop()
    commands(services, QueueMessage.model_validate_json(body))
    assert [job.shape.instance for job in services.jobs.open_jobs()] == ["ml.p5.48xlarge"]


def _save_preset(services: MemoryServices, instance: str) -> None:
    preset = Preset(name="gpu", options=Options(instance=instance))
    services.presets.change(lambda book: book.model_copy(update={"presets": {"gpu": preset}}))


def test_nobody_is_asked_for_what_would_be_refused_all_the_same() -> None:
    services = MemoryServices().with_settings(
        over_limits=OverLimits.ASK, admins=f"{ADMIN.tag},{EVE.tag}", team_budget=100
    )
    services.members.add(_poor())
    commands(services, services.message(ALICE, "run"))

    assert services.approvals.all == {}
    assert "of the team's budget is left" in services.chat.said[-1][1].text


def test_an_admin_who_has_nobody_to_ask_is_told_the_limit_itself() -> None:
    services = MemoryServices().with_settings(over_limits=OverLimits.ASK, admins=ADMIN.tag)
    services.members.add(_poor().model_copy(update={"actor": ADMIN}))
    commands(services, services.message(ADMIN, "run"))

    assert "of your budget is left this month" in services.chat.said[-1][1].text
    assert services.approvals.all == {}


def test_a_workbench_has_nothing_that_could_wait_for_its_start(services: MemoryServices) -> None:
    commands(services, services.message(ALICE, "run", wait="10m"))

    assert services.training_jobs.created == {}
    assert "nothing that --wait could hold back" in services.chat.said[-1][1].text


def test_where_nothing_is_named_none_is_said_to_be_there(services: MemoryServices) -> None:
    unnamed: list[dict[str, Any]] = [{"vpc": "lab"}, {"output": "s3://nope/x"}]
    for asked in unnamed:
        trigger = f"none.{len(services.chat.said)}"
        commands(services, services.message(ALICE, "run", trigger=trigger, **asked))
        said = str(services.chat.said[-1][1].blocks)
        assert "There are: none." in said or "Jobs may use: none." in said


def _poor() -> Member:
    member = MemoryServices().enrol(ALICE, "alice")
    return member.model_copy(
        update={"limits": Limits(budget=Money(micros=MICROS, currency=Currency.USD))}
    )
