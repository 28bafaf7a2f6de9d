"""What tests of use cases share."""

from __future__ import annotations

import pytest

from tests.core_services import ALICE, MemoryServices


@pytest.fixture
def services() -> MemoryServices:
    """A stack in memory with alice enrolled."""
    services = MemoryServices()
    services.enrol(ALICE, "alice")
    return services
