"""The price list in the package: of types that SageMaker trains on, and honest about what is unknown."""

from __future__ import annotations

from datetime import date

import botocore.session

from sshq.data import prices

LIST = prices()


def test_every_price_is_that_of_an_instance_that_jobs_can_have() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")

    assert set(LIST["usd_per_hour"]) <= set(model.shape_for("TrainingInstanceType").enum)
    assert all(0 < usd < 150 for usd in LIST["usd_per_hour"].values())


def test_it_says_of_which_day_it_is_and_which_prices_nobody_could_compare() -> None:
    assert date.fromisoformat(LIST["as_of"]) >= date(2026, 9, 27)
    assert set(LIST["unverified"]) < set(LIST["usd_per_hour"])
