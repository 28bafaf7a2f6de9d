"""Locations in S3: what an admin names, and whether an address lies in it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.data_locations import Location, locations_from, outside
from tests.security.template import template

PARTS = st.text("ab/.-", max_size=8)
ALLOWED = re.compile(template()["Parameters"]["InputLocations"]["AllowedPattern"])


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("", []),
        ("s3://team-data", ["s3://team-data"]),
        ("s3://team-data/", ["s3://team-data"]),
        ("s3://team-data, s3://code/lib/", ["s3://team-data", "s3://code/lib"]),
    ],
)
def test_locations_are_named_by_bucket_and_prefix(setting: str, said: list[str]) -> None:
    assert [str(location) for location in locations_from(setting)] == said
    assert ALLOWED.fullmatch(setting.replace(" ", ""))


@pytest.mark.parametrize(
    "setting",
    ["team-data", "s3://B", "s3://team-data/*", "s3://data/a?b", "s3://data/${x}", "s3://*"],
)
def test_what_would_mean_more_in_a_policy_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match="isn't s3://bucket"):
        locations_from(setting)
    assert not ALLOWED.fullmatch(setting)


@pytest.mark.parametrize(
    ("address", "is_inside"),
    [
        ("s3://code/lib", True),
        ("s3://code/lib/x/y", True),
        ("s3://code/lib/", True),
        ("s3://code/library", False),
        ("s3://code", False),
        ("s3://code/", False),
        ("s3://code2/lib/x", False),
    ],
)
def test_an_address_lies_in_a_location_whole_or_not_at_all(
    address: str, *, is_inside: bool
) -> None:
    (location,) = locations_from("s3://code/lib")

    assert location.holds(address) is is_inside
    assert outside([address], [location]) == ([] if is_inside else [address])


@given(PARTS, PARTS)
def test_a_whole_bucket_holds_every_address_in_it(prefix: str, key: str) -> None:
    whole, part = Location(bucket="data"), Location(bucket="data", prefix=prefix.strip("/"))

    assert whole.holds(f"s3://data/{key}")
    assert part.holds(f"s3://data/{part.prefix}/{key}" if part.prefix else f"s3://data/{key}")
    assert not whole.holds(f"s3://other/{key}")
