"""The shared payloads are what AWS sends: Powertools, botocore and their own keys agree."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from aws_lambda_powertools.utilities.data_classes import (
    APIGatewayProxyEventV2,
    EventBridgeEvent,
    SQSEvent,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from sshq.domain.queue_message import QueueMessage
from sshq.domain.request_id import request_id

EVENTS = Path(__file__).resolve().parents[2] / "events"


def payload(path: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((EVENTS / path).read_text(encoding="utf-8"))
    return read


def test_a_fifo_queue_delivers_the_message_of_a_slash_command() -> None:
    slash = payload("slack/slash_command.json")
    event = payload("sqs/commands.json")
    record = next(SQSEvent(event).records)
    message = QueueMessage.model_validate_json(record.body)

    assert message.request == request_id(slash["team_id"], slash["trigger_id"])
    assert record.attributes.message_deduplication_id == message.request
    assert record.attributes.message_group_id == message.actor.tag
    md5 = hashlib.md5(record.body.encode(), usedforsecurity=False).hexdigest()
    assert record.md5_of_body == md5
    assert record.event_source_arn.endswith(".fifo")


def test_a_training_jobs_event_has_the_fields_of_its_description() -> None:
    event = EventBridgeEvent(payload("eventbridge/sagemaker_training_job_state_change.json"))
    model = botocore.session.get_session().get_service_model("sagemaker")
    described = model.operation_model("DescribeTrainingJob").output_shape
    assert described is not None
    members: Any = described.members

    # The event alone carries tags, as one object.
    assert event.detail.keys() - {"Tags"} <= members.keys()
    assert event.detail["TrainingJobStatus"] in members["TrainingJobStatus"].enum
    assert event.detail["SecondaryStatus"] in members["SecondaryStatus"].enum
    assert event.resources == [event.detail["TrainingJobArn"]]
    assert (event.source, event.detail_type) == (
        "aws.sagemaker",
        "SageMaker Training Job State Change",
    )


def test_a_tick_is_what_scheduler_sends_without_an_input_of_its_own() -> None:
    event = EventBridgeEvent(payload("scheduler/tick.json"))

    assert (event.source, event.detail_type) == ("aws.scheduler", "Scheduled Event")
    assert event.resources[0].split(":")[2] == "scheduler"


def test_a_redemption_is_signed_by_the_key_that_it_brings() -> None:
    event = APIGatewayProxyEventV2(payload("http_api/redeem.json"))
    assert event.body is not None
    body, headers = json.loads(event.body), event.headers
    digest = base64.b64encode(hashlib.sha256(event.body.encode()).digest()).decode()
    params = headers["signature-input"].removeprefix("sshq=")
    signed = (
        f'"@method": {event.request_context.http.method}\n"@path": {event.raw_path}\n'
        f'"content-digest": sha-256=:{digest}:\n"@signature-params": {params}'
    )
    key = load_ssh_public_key(body["public_key"].encode())
    assert isinstance(key, Ed25519PublicKey)

    key.verify(base64.b64decode(headers["signature"][6:-1]), signed.encode())

    assert headers["content-digest"] == f"sha-256=:{digest}:"
    assert headers["content-length"] == str(len(event.body))
    assert event.path_parameters == {"proxy": "redeem"}


@pytest.mark.parametrize("path", sorted(EVENTS.rglob("*.json")), ids=lambda path: path.name)
def test_nothing_of_a_real_account_or_workspace_is_in_a_payload(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert "xoxb-" not in text
    assert "slack.com/services" not in text
