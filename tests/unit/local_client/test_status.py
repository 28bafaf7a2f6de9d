"""What a job has cost so far, as `sshq-local status` shows it."""

from __future__ import annotations

from typing import Any

import pytest

from sshq_local.commands.status import shown_cost


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ({"cost_so_far": 1.41, "currency": "USD"}, "$1.41"),
        ({"cost_so_far": 1234.5, "currency": "CNY"}, "¥1,234.50"),
        ({"cost_so_far": 0, "currency": "CNY"}, "¥0.00"),
        ({"cost_so_far": 2.5, "currency": "EUR"}, "2.50 EUR"),
        ({"cost_so_far": 2.5}, "2.50"),  # an API of before
        ({"cost_so_far": None, "currency": "USD"}, None),
        ({}, None),
    ],
)
def test_an_amount_is_never_shown_with_another_currencys_sign(
    answer: dict[str, Any], shown: str | None
) -> None:
    assert shown_cost(answer) == shown
