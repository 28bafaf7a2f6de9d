"""The stack's parameter `Vpcs`: networks by name, or a word about what is wrong with it."""

from __future__ import annotations

import re

import pytest

from sshq.domain.networks import Network, networks_from
from tests.security.template import template

LAB = Network(name="lab", subnets=("subnet-1a", "subnet-2b"), security_groups=("sg-3c",))


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ("", {}),
        ("lab=subnet-1a,subnet-2b/sg-3c", {"lab": LAB}),
        ("lab=subnet-1a,subnet-2b/sg-3c;", {"lab": LAB}),
        (
            "lab=subnet-1a,subnet-2b/sg-3c; a-b=subnet-4/sg-5,sg-6",
            {
                "lab": LAB,
                "a-b": Network(name="a-b", subnets=("subnet-4",), security_groups=("sg-5", "sg-6")),
            },
        ),
    ],
)
def test_networks_have_names(setting: str, found: dict[str, Network]) -> None:
    assert networks_from(setting) == found


@pytest.mark.parametrize(
    "setting", ["lab", "lab=subnet-1", "=subnet-1/sg-1", "lab=vpc-1/sg-1", "l;"]
)
def test_what_is_malformed_fails_at_once(setting: str) -> None:
    with pytest.raises(ValueError, match="isn't name=subnet"):
        networks_from(setting)
    assert not re.fullmatch(template()["Parameters"]["Vpcs"]["AllowedPattern"], setting)
