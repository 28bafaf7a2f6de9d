"""What a connection costs in calls to AWS, once the function is warm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.broker_on_aws import Broker
from tests.core_api import Laptop

if TYPE_CHECKING:
    from tests.core_aws import CoreAws

MOST_CALLS = 5
SLOW_WAYS = {"SendCommand", "GetCommandInvocation", "DescribeInstanceInformation", "PutObject"}


def test_from_a_ticket_to_a_session_each_request_makes_five_calls_at_most(aws: CoreAws) -> None:
    broker = Broker(aws)
    laptop, code = Laptop(broker.live), broker.ticket()

    before = len(aws.calls())
    lease = broker.redeem(laptop, code)
    redeeming = broker.calls_since(before)
    before = len(aws.calls())
    broker.open(laptop, lease)
    opening = broker.calls_since(before)

    for calls in (redeeming, opening):
        audit = [call for call in calls if call.endswith("(audit)")]
        assert len(calls) - len(audit) <= MOST_CALLS, calls
        assert len(audit) <= 2, calls
    assert redeeming.count("Sign") == opening.count("StartSession") == 1
    assert not SLOW_WAYS & {*redeeming, *opening}
    assert aws.clock.slept == []
