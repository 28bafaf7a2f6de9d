"""What a connection costs in calls to AWS, once the function is warm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.broker_on_aws import Broker
from tests.core_api import Laptop

if TYPE_CHECKING:
    from tests.core_aws import CoreAws


def test_from_a_ticket_to_a_session_there_are_five_calls_and_four_to_another(aws: CoreAws) -> None:
    broker = Broker(aws)
    laptop, code = Laptop(broker.live), broker.ticket()

    before = len(aws.calls())
    lease = broker.connect(laptop, code)
    connecting = broker.calls_since(before)
    before = len(aws.calls())
    broker.open(laptop, lease["id"])
    opening = broker.calls_since(before)

    stored = "TransactWriteItems (audit)"
    assert connecting == ["GetItem", "BatchGetItem", "StartSession", stored, "Sign"]
    assert opening == ["GetItem", "BatchGetItem", "StartSession", stored]
    assert lease["session"]["token"]
    assert aws.clock.slept == []
