"""What a client would like: understood, or passed over."""

from __future__ import annotations

import pytest

from sshq.domain.preferences import session_rank


@pytest.mark.parametrize(
    ("prefer", "rank"),
    [
        ("sshq-session=0", 0),
        ("respond-async, sshq-session=12; x=y", 12),
        ("", None),
        ("sshq-session", None),
        ("sshq-session=-1", None),
        ("sshq-session=100", None),
        ("not-sshq-session=1", None),
    ],
)
def test_the_preferred_rank(prefer: str, rank: int | None) -> None:
    assert session_rank(prefer) == rank
