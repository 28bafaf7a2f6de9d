"""How many instances of a type training jobs may use at once: Service Quotas, remembered for a day."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from datetime import datetime

    from sshq.adapters.dynamodb.answers import Answers
    from sshq.ports import Clock

FRESH = timedelta(days=1)
# A refusal says to have the quota raised: whoever did so doesn't wait a day.
REFUSED_FOR = timedelta(minutes=1)
_KEY = "QUOTAS"
# "ml.g5.xlarge for training job usage", "ml.g5.xlarge for spot training job usage"
_NAME = re.compile(r"(ml\.\S+) for (spot )?training job usage")


class AwsQuotas:
    """ports.Quotas. `client` is a boto3 Service Quotas client."""

    def __init__(self, client: Any, answers: Answers, *, clock: Clock) -> None:  # noqa: ANN401
        self._client = client
        self._answers = answers
        self._clock = clock

    def training(self, pool: str, *, wanted: int) -> int | None:
        now = self._clock.now()
        known = self._answers.get(_KEY, now - FRESH)
        if known is None or (known.get(pool, wanted) < wanted and not self._asked_lately(now)):
            try:
                known = self._ask()
            except (BotoCoreError, ClientError) as error:
                # SageMaker itself refuses what is too much; this only says so sooner.
                Logger(child=True).warning("the quotas can't be asked", exc_info=error)
                return None
            self._answers.put(_KEY, known, now)
        found = known.get(pool)
        return int(found) if found is not None else None

    def _asked_lately(self, now: datetime) -> bool:
        return self._answers.get(_KEY, now - REFUSED_FOR) is not None

    def _ask(self) -> dict[str, Any]:
        pages = self._client.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
        found: dict[str, Any] = {}
        for page in pages:
            for quota in page["Quotas"]:
                if match := _NAME.fullmatch(quota["QuotaName"]):
                    found[f"{match[1]} spot" if match[2] else match[1]] = int(quota["Value"])
        return found
