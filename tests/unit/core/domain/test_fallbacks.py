"""What may serve in place of an instance type that isn't to be had."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.fallbacks import MOST, fallbacks, kind
from sshq.domain.presets import Preset

USD = {
    "ml.g4dn.xlarge": 0.736,
    "ml.g5.xlarge": 1.408,
    "ml.g5.2xlarge": 1.515,
    "ml.g6.xlarge": 1.006,
    "ml.p4d.24xlarge": 37.688,
    "ml.m5.large": 0.115,
    "ml.trn1.2xlarge": 1.679,
}
ANY = Preset(name="any")


def test_the_nearest_in_price_of_the_same_kind_come_first() -> None:
    assert fallbacks("ml.g5.xlarge", USD, ANY) == [
        "ml.g5.2xlarge",
        "ml.g6.xlarge",
        "ml.g4dn.xlarge",
    ]


def test_nothing_much_dearer_nothing_of_another_kind_and_nothing_that_isnt_allowed() -> None:
    assert fallbacks("ml.p4d.24xlarge", USD, ANY) == []
    assert fallbacks("ml.m5.large", USD, ANY) == []
    assert fallbacks("ml.g5.xlarge", USD, Preset(name="p", allow_instances=("ml.g6.*",))) == [
        "ml.g6.xlarge"
    ]


def test_without_a_price_nobody_knows_what_is_near() -> None:
    assert fallbacks("ml.g9.xlarge", USD, ANY) == []


@pytest.mark.parametrize(
    ("instance", "what"),
    [
        ("ml.g5.xlarge", "gpu"),
        ("ml.p5en.48xlarge", "gpu"),
        ("ml.trn1n.32xlarge", "trn"),
        ("ml.inf2.xlarge", "inf"),
        ("ml.m7i.large", "cpu"),
        ("nonsense", "cpu"),
    ],
)
def test_the_kind_follows_from_the_family(instance: str, what: str) -> None:
    assert kind(instance) == what


@given(
    st.sampled_from(sorted(USD)), st.dictionaries(st.sampled_from(sorted(USD)), st.floats(0.01, 99))
)
def test_there_are_few_and_never_the_type_itself(instance: str, prices: dict[str, float]) -> None:
    found = fallbacks(instance, prices, ANY)

    assert len(found) <= MOST
    assert instance not in found
    assert {kind(other) for other in found} <= {kind(instance)}
