from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox_ssm import RunningSsm, running_ssm

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSsm]:
    with running_ssm(tmp_path_factory.mktemp("ssm")) as running:
        yield running


@pytest.fixture
def ssm(aws: RunningSsm) -> Any:
    return aws.client("ssm")
