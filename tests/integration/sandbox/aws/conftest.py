from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox_aws import Account, running_account

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    yield from running_account(tmp_path_factory.mktemp("aws"))
