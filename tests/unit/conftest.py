"""Unit tests have the network off: what needs a server is an integration test."""

from __future__ import annotations

import pytest
from pytest_socket import disable_socket


@pytest.fixture(autouse=True)
def _network_is_off() -> None:
    disable_socket(allow_unix_socket=True)
