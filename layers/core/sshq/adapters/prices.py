"""What instances cost: AWS's price list, remembered for a day.

While it is silent, what it said last counts, and else the shipped list, which is in US dollars: where
AWS bills in another currency nobody knows the price then.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from sshq.data import prices as shipped
from sshq.domain.prices import Price, price_in, shipped_price

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.adapters.dynamodb.answers import Answers
    from sshq.domain.money import Currency
    from sshq.ports import Clock

FRESH = timedelta(days=1)
STALE = timedelta(days=30)
"""How old a price may be that stands in while AWS's list can't be asked."""
# The price list has endpoints in few regions, each for its own partition; China's names both of
# China's. GovCloud has none: there the shipped list answers.
_ENDPOINTS = {"eu": "eu-central-1", "ap": "ap-south-1", "cn": "cn-northwest-1"}


def pricing_region(region: str) -> str:
    """Where GetProducts is asked from a region: the nearest endpoint."""
    return _ENDPOINTS.get(region.partition("-")[0], "us-east-1")


class AwsPrices:
    """ports.Prices. `client` is a boto3 Pricing client."""

    def __init__(
        self,
        client: Any,  # noqa: ANN401  boto3 has no types
        answers: Answers,
        *,
        region: str,
        currency: Currency,
        clock: Clock,
    ) -> None:
        self._client = client
        self._answers = answers
        self._region = region
        self._currency = currency
        self._clock = clock

    def hourly(self, instance: str) -> Price | None:
        key, now = f"PRICE#{instance}", self._clock.now()
        if kept := self._answers.get(key, now - FRESH):
            return Price.model_validate(kept)
        try:
            found = self._ask(instance, now.date().isoformat())
        except (BotoCoreError, ClientError) as error:
            # A run is no less possible because the price list is away.
            Logger(child=True).warning("the price list can't be asked", exc_info=error)
            found = None
        if found is None:
            return self._old(instance, key, now)
        self._answers.put(key, found.model_dump(mode="json", by_alias=True), now)
        return found

    def _old(self, instance: str, key: str, now: datetime) -> Price | None:
        if kept := self._answers.get(key, now - STALE):
            return Price.model_validate(kept).model_copy(update={"old": True})
        return shipped_price(shipped(), instance, self._region, self._currency)

    def _ask(self, instance: str, today: str) -> Price | None:
        wanted = {"regionCode": self._region, "instanceName": instance, "component": "Training"}
        answer = self._client.get_products(
            ServiceCode="AmazonSageMaker",
            Filters=[
                {"Type": "TERM_MATCH", "Field": field, "Value": value}
                for field, value in wanted.items()
            ],
            FormatVersion="aws_v1",
        )
        return price_in(answer["PriceList"], instance, today, self._currency)
