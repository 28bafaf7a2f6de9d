"""The stack's parameters: whatever CloudFormation lets through, the functions can start with."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from sshq.domain.data_locations import locations_from
from sshq.domain.networks import networks_from
from sshq.settings import settings_from
from tests.security.template import template

PARAMETERS = template()["Parameters"]


def allowed(parameter: str) -> st.SearchStrategy[str]:
    return st.from_regex(PARAMETERS[parameter]["AllowedPattern"], fullmatch=True)


@settings(
    max_examples=30,
    phases=[Phase.explicit, Phase.generate],  # a regex shrinks for minutes
    suppress_health_check=[HealthCheck.too_slow],
)
@given(*map(allowed, ("WorkbenchIdle", "Admins", "Denied", "Vpcs", "InputLocations")))
def test_what_the_template_allows_is_a_setting(
    idle: str, admins: str, denied: str, vpcs: str, locations: str
) -> None:
    found = settings_from(
        {
            "SSHQ_STACK": "sshq",
            "SSHQ_WORKBENCH_IDLE": idle,
            "SSHQ_ADMINS": admins,
            "SSHQ_DENIED": denied,
            "SSHQ_VPCS": vpcs,
            "SSHQ_INPUT_LOCATIONS": locations,
        }
    )

    assert found.policy.admins
    assert (found.workbench_idle == 0) is (idle == "off")
    networks_from(found.vpcs)
    locations_from(found.input_locations)


def test_the_defaults_are_settings() -> None:
    defaults = {
        f"SSHQ_{name}": str(PARAMETERS[parameter]["Default"])
        for name, parameter in {
            "WORKBENCH_IDLE": "WorkbenchIdle",
            "MAX_HOURS": "MaxHours",
            "OVER_LIMITS": "OverLimits",
            "STREAM_URLS": "StreamUrls",
            "SECOND_ADMIN": "SecondAdmin",
        }.items()
    }

    assert settings_from({"SSHQ_STACK": "sshq"} | defaults).workbench_idle == 7200


def test_what_makes_no_sense_stops_the_function_at_its_start() -> None:
    with pytest.raises(ValidationError, match="idle-too-short"):
        settings_from({"SSHQ_STACK": "sshq", "SSHQ_WORKBENCH_IDLE": "4m"})
