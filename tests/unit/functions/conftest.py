from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.function_logs import captured_logs

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    with captured_logs() as text:
        yield text
