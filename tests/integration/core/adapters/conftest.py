from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.core_aws import CoreAws, core_aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sshq.composition import Live


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CoreAws]:
    with core_aws(tmp_path_factory.mktemp("core")) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_faults_left(aws: CoreAws) -> Iterator[None]:
    yield
    left = [fault for fault in aws.server.faults.list() if not fault.is_spent]
    aws.server.faults.clear()
    assert not left, "a fault was asked for that no call met"


@pytest.fixture
def live(aws: CoreAws) -> Live:
    return aws.live()
