"""slack_manifest.yaml by the rules of Slack's app manifests."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.security.template import ROOT, resources


@pytest.fixture
def manifest() -> dict[str, Any]:
    found = yaml.safe_load((ROOT / "slack_manifest.yaml").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def test_it_has_the_sections_that_slack_knows(manifest: dict[str, Any]) -> None:
    assert set(manifest) == {
        "_metadata", "display_information", "features", "oauth_config", "settings",
    }  # fmt: skip
    assert manifest["_metadata"]["major_version"] in {1, 2}
    assert 1 <= len(manifest["display_information"]["name"]) <= 35
    assert len(manifest["display_information"]["description"]) <= 140
    assert 1 <= len(manifest["features"]["bot_user"]["display_name"]) <= 80


def test_the_slash_command_escapes_mentions(manifest: dict[str, Any]) -> None:
    (command,) = manifest["features"]["slash_commands"]

    assert command["command"] == "/sshq"
    assert command["should_escape"] is True
    assert len(command["description"]) <= 2000
    assert len(command["usage_hint"]) <= 1000


def test_it_asks_for_no_scope_beyond_what_the_bot_does(manifest: dict[str, Any]) -> None:
    assert manifest["oauth_config"]["scopes"] == {
        "bot": ["commands", "chat:write", "im:history", "im:write", "users:read", "usergroups:read"]
    }


def test_it_hears_of_people_coming_and_going_and_has_no_empty_home(
    manifest: dict[str, Any],
) -> None:
    events = manifest["settings"]["event_subscriptions"]["bot_events"]

    assert events == ["team_join", "user_change"]
    assert manifest["features"]["app_home"]["home_tab_enabled"] is False
    assert manifest["features"]["app_home"]["messages_tab_enabled"] is True
    assert manifest["settings"]["interactivity"]["is_enabled"] is True
    assert manifest["settings"]["socket_mode_enabled"] is False


def test_every_request_goes_to_the_gateways_route(manifest: dict[str, Any]) -> None:
    addresses = {
        manifest["features"]["slash_commands"][0]["url"],
        manifest["settings"]["event_subscriptions"]["request_url"],
        manifest["settings"]["interactivity"]["request_url"],
    }

    gateway = resources("AWS::Serverless::Function")["SlackGateway"]["Properties"]
    assert addresses == {f"https://HOST{gateway['Events']['Slack']['Properties']['Path']}"}
