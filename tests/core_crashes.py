"""A worker that dies in the middle, for tests of what the redelivery then does."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def dying_after(owner: object, method: str) -> Iterator[None]:
    """Whoever calls this method dies when it has taken effect, before anything else happens."""
    real = getattr(owner, method)

    def takes_effect_and_dies(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        raise ConnectionError(method)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, method, takes_effect_and_dies)
        with pytest.raises(ConnectionError):
            yield
