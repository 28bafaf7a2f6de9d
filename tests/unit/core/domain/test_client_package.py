"""Where people get sshq-local from: their own stack, in the version that fits it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from sshq.domain.client_package import VERSION, client_package_url, install_command

ROOT = Path(__file__).resolve().parents[4]


def test_the_version_is_that_of_the_package() -> None:
    project = tomllib.loads((ROOT / "local_client/pyproject.toml").read_text(encoding="utf-8"))

    assert project["project"]["version"] == VERSION


@pytest.mark.parametrize(
    ("host", "begins"),
    [
        ("abc123.execute-api.eu-west-1.amazonaws.com", "https://abc123.execute-api."),
        ("127.0.0.1:8700", "http://127.0.0.1:8700/client/"),
        ("127.0.0.1.example.com", "https://127.0.0.1.example.com/"),
    ],
)
def test_only_loopback_goes_without_tls(host: str, begins: str) -> None:
    assert client_package_url(host).startswith(begins)


def test_over_an_older_version_pipx_has_to_be_told() -> None:
    assert install_command("h", again=True) == f"pipx install --force {client_package_url('h')}"
