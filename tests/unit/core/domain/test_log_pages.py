"""Where a reader of a log has come to: a text that goes to the client and comes back."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.log_pages import Position
from sshq.domain.refusals import Reason, Refusal

CONTAINERS = st.from_regex(r"[A-Za-z0-9_-]{1,128}", fullmatch=True)
TOKENS = st.from_regex(r"f/[0-9]{1,64}(/s)?", fullmatch=True)


@given(st.dictionaries(CONTAINERS, TOKENS, max_size=20))
def test_it_comes_back_as_it_was(places: dict[str, str]) -> None:
    assert Position.of(Position(places).text) == Position(places)


@given(st.text())
def test_any_text_is_a_position_or_a_refusal(text: str) -> None:
    with contextlib.suppress(Refusal):
        assert Position.of(Position.of(text).text) == Position.of(text)


@pytest.mark.parametrize("text", ["algo-1", "algo-1=b/12", "algo-1=f/x", "algo-1=f/1,../2=f/2"])
def test_what_cloudwatch_doesnt_give_is_refused(text: str) -> None:
    with pytest.raises(Refusal, check=lambda refusal: refusal.reason is Reason.BAD_REQUEST):
        Position.of(text)


def test_each_container_moves_by_itself() -> None:
    first = Position.of("").moved("algo-1", "f/1")
    both = first.moved("algo-2", "f/7").moved("algo-1", "f/2/s")

    assert first.token("algo-2") is None
    assert both.text == "algo-1=f/2/s,algo-2=f/7"
