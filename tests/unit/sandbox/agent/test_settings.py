from __future__ import annotations

from pathlib import Path

import pytest

from sshq_sandbox.agent.settings import AgentSettings


def test_the_environment_is_read() -> None:
    settings = AgentSettings.from_environment(
        {
            "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
            "AMAZON_SSM_STATE": "/run/agent",
            "SANDBOX_PORT_MAP": "2222=40001,22=40002",
            "SSL_CERT_FILE": "/run/ca.pem",
        }
    )
    assert settings.endpoint == "http://127.0.0.1:1"
    assert settings.state_dir == Path("/run/agent")
    assert settings.ports == {2222: 40001, 22: 40002}
    assert settings.ca_file == "/run/ca.pem"
    assert (settings.chunk, settings.pause) == (32768, 0.0)


def test_without_anything_it_serves_at_full_speed_from_home(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    settings = AgentSettings.from_environment({})
    assert settings.state_dir == Path("/home/somebody/.amazon-ssm")
    assert settings.ports == {}


def test_awss_pace_can_be_had() -> None:
    settings = AgentSettings.from_environment({"SANDBOX_AGENT_PACE": "aws"})
    assert (settings.chunk, settings.pause) == (1024, 0.001)


def test_a_wrong_port_map_is_an_error() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        AgentSettings.from_environment({"SANDBOX_PORT_MAP": "2222"})
