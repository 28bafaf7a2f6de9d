"""Service Quotas over HTTP: asked once a day, and again when what is remembered would refuse somebody."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sshq.adapters.quotas import FRESH, REFUSED_FOR
from sshq_sandbox.aws import price_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sshq.composition import Live
    from tests.core_aws import CoreAws

G5 = "ml.g5.xlarge"
_tables = itertools.count(1)


@pytest.fixture
def fresh(aws: CoreAws) -> Iterator[Live]:
    """Services that haven't asked yet, on a table of their own."""
    before = aws.clock.time
    yield aws.live(table=aws.make_table(f"quotas-{next(_tables)}"))
    aws.clock.time = before


def rounds(aws: CoreAws) -> int:
    """How often the list was begun; it has many pages."""
    calls = [call for call in aws.calls() if call.operation == "ListServiceQuotas"]
    return sum("NextToken" not in str(call.parameters) for call in calls)


def test_what_is_enough_is_asked_once_a_day(aws: CoreAws, fresh: Live) -> None:
    before = rounds(aws)
    assert fresh.quotas.training(G5, wanted=2) == 20
    assert fresh.quotas.training(f"{G5} spot", wanted=20) == 20
    assert fresh.quotas.training("ml.nobody.knows", wanted=1) is None
    assert rounds(aws) == before + 1

    aws.clock.time += FRESH + timedelta(seconds=1)
    assert fresh.quotas.training(G5, wanted=2) == 20
    assert rounds(aws) == before + 2


def test_a_quota_that_was_raised_counts_before_the_day_is_over(
    aws: CoreAws, fresh: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(price_list, "USUAL_QUOTA", 0.0)
        assert fresh.quotas.training(G5, wanted=1) == 0
    before = rounds(aws)
    assert fresh.quotas.training(G5, wanted=1) == 0
    assert rounds(aws) == before, "whoever tries again and again doesn't ask AWS each time"

    aws.clock.time += REFUSED_FOR + timedelta(seconds=1)
    assert fresh.quotas.training(G5, wanted=1) == 20


def test_while_it_is_silent_nobody_is_refused_by_it(aws: CoreAws, fresh: Live) -> None:
    aws.fault("ListServiceQuotas", "denial")

    assert fresh.quotas.training(G5, wanted=1) is None
    assert fresh.quotas.training(G5, wanted=1) == 20
