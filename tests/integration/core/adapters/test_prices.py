"""The price list over HTTP: asked once a day, and the shipped list while it is silent."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING

import botocore.session
import pytest

from sshq.adapters.prices import FRESH, STALE, pricing_region
from sshq.data import prices as shipped
from sshq.domain.money import micros
from sshq.domain.prices import Price

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sshq.composition import Live
    from tests.core_aws import CoreAws

G5 = "ml.g5.xlarge"
LISTED = micros(1.571)  # in the sandbox's list; the shipped one has another
SHIPPED = micros(shipped()["usd_per_hour"][G5] * shipped()["elsewhere"])  # in eu-west-1
_tables = itertools.count(1)


@pytest.fixture
def fresh(aws: CoreAws) -> Iterator[Live]:
    """Services that haven't asked for a price yet, on a table of their own."""
    before = aws.clock.time
    yield aws.live(table=aws.make_table(f"prices-{next(_tables)}"))
    aws.clock.time = before


def asked(aws: CoreAws) -> int:
    return sum(call.operation == "GetProducts" for call in aws.calls())


def test_a_price_is_asked_once_a_day_and_kept_across_cold_starts(aws: CoreAws, fresh: Live) -> None:
    before, today = asked(aws), aws.clock.now().date().isoformat()
    listed = Price(instance=G5, micros=LISTED, as_of=today)

    assert fresh.prices.hourly(G5) == listed
    aws.clock.time += FRESH - timedelta(seconds=1)
    assert aws.live(table=fresh.settings.table).prices.hourly(G5) == listed
    assert asked(aws) == before + 1

    aws.clock.time += timedelta(seconds=2)
    again = fresh.prices.hourly(G5)
    assert asked(aws) == before + 2
    assert again == listed.model_copy(update={"as_of": aws.clock.now().date().isoformat()})


@pytest.mark.parametrize(
    ("kind", "times"),
    [("5xx", 4), ("denial", 1), ("timeout-before", 4)],  # as often as it is tried
)
def test_while_the_price_list_is_silent_the_shipped_one_counts_with_its_date(
    aws: CoreAws, fresh: Live, kind: str, times: int
) -> None:
    aws.fault("GetProducts", kind, times=times)

    assert fresh.prices.hourly(G5) == Price(
        instance=G5, micros=SHIPPED, as_of=shipped()["as_of"], old=True
    )
    assert fresh.prices.hourly(G5) == Price(
        instance=G5, micros=LISTED, as_of=aws.clock.now().date().isoformat()
    ), "a price of a bad minute isn't kept for a day"


def test_a_price_of_before_stands_in_for_a_month_and_says_of_which_day_it_is(
    aws: CoreAws, fresh: Live
) -> None:
    known = fresh.prices.hourly(G5)
    assert known
    aws.fault("GetProducts", "denial", times=2)

    aws.clock.time += STALE - timedelta(seconds=1)
    assert fresh.prices.hourly(G5) == known.model_copy(update={"old": True})
    aws.clock.time += timedelta(seconds=2)
    assert fresh.prices.hourly(G5) == Price(
        instance=G5, micros=SHIPPED, as_of=shipped()["as_of"], old=True
    )


def test_in_china_a_price_is_in_yuan_and_the_shipped_list_of_dollars_never_stands_in(
    aws: CoreAws,
) -> None:
    table = aws.make_table(f"prices-{next(_tables)}", "cn-north-1")
    live = aws.live(table=table, region="cn-north-1", partition="aws-cn")
    before = len(aws.calls())

    aws.fault("GetProducts", "denial")
    assert live.prices.hourly(G5) is None
    found = live.prices.hourly(G5)
    assert found
    assert (found.micros, found.old) == (LISTED, False)
    assert live.prices.hourly("ml.p5.48xlarge") is None, "the list has none: nobody knows"
    asked_in = {call.region for call in aws.calls()[before:] if call.operation == "GetProducts"}
    assert asked_in == {"cn-northwest-1"}


def test_what_the_price_list_doesnt_have_comes_from_the_shipped_one_or_from_nobody(
    fresh: Live,
) -> None:
    found = fresh.prices.hourly("ml.p5.48xlarge")

    assert found
    assert (found.old, found.as_of) == (True, shipped()["as_of"])
    assert fresh.prices.hourly("ml.x9.large") is None


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [
        ("us-west-2", "us-east-1"),
        ("eu-west-1", "eu-central-1"),
        ("ap-southeast-2", "ap-south-1"),
        ("cn-north-1", "cn-northwest-1"),
        ("sa-east-1", "us-east-1"),
    ],
)
def test_the_nearest_endpoint_of_the_price_list_is_asked(region: str, endpoint: str) -> None:
    assert pricing_region(region) == endpoint


@pytest.mark.parametrize("partition", ["aws", "aws-cn"])
def test_a_region_asks_an_endpoint_of_its_own_partition(partition: str) -> None:
    """No other partition takes its credentials. (GovCloud has no endpoint: the shipped list answers.)"""
    session = botocore.session.get_session()
    there = session.get_available_regions("pricing", partition)

    for region in session.get_available_regions("sagemaker", partition):
        assert pricing_region(region) in there, region
