from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq_sandbox.ssm_service.errors import SsmError
from sshq_sandbox.ssm_service.pages import page


@given(
    items=st.lists(st.text(min_size=1), unique=True, max_size=30),
    size=st.integers(min_value=1, max_value=10),
)
def test_the_pages_together_are_all_of_it(items: list[str], size: int) -> None:
    seen: list[str] = []
    params: dict[str, object] = {"MaxResults": size}
    while True:
        shown, following = page(items, params, lambda item: item)
        seen += shown
        assert len(shown) <= size
        if not following:
            break
        params |= following
    assert seen == items


@given(st.text(min_size=1))
def test_a_strange_token_is_refused(token: str) -> None:
    with pytest.raises(SsmError) as refused:
        page(["a"], {"NextToken": f"!{token}"}, lambda item: item)
    assert refused.value.code == "InvalidNextToken"
