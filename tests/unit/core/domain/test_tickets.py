"""Tickets: their text and what is kept of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq.domain import tickets
from tests.core_services import ALICE, START

ENTROPY = st.binary(min_size=20, max_size=20)


@given(ENTROPY)
def test_a_code_holds_all_its_entropy(entropy: bytes) -> None:
    code = tickets.ticket_code(entropy)
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    number = 0
    for letter in code:
        number = number * 32 + alphabet.index(letter)
    assert number.to_bytes(20, "big") == entropy
    assert len(code) == 32


@given(ENTROPY, st.randoms())
def test_case_and_lookalikes_are_forgiven(entropy: bytes, random: object) -> None:
    code = tickets.ticket_code(entropy)
    typed = "".join(
        random.choice({"1": "1IilL", "0": "0Oo"}.get(c, c + c.lower()))  # type: ignore[attr-defined]
        for c in code
    )
    assert tickets.normalise(f" {typed}\n") == code


@given(st.text(max_size=40))
def test_what_is_no_code_is_none_or_of_the_alphabet(text: str) -> None:
    found = tickets.normalise(text)
    assert found is None or (len(found) == 32 and not set(found) & set("ILOU"))


@pytest.mark.parametrize("size", [0, 19, 21])
def test_a_ticket_of_another_size_is_a_bug(size: int) -> None:
    with pytest.raises(ValueError, match="20 bytes"):
        tickets.ticket_code(bytes(size))


def test_the_record_holds_a_fingerprint_and_ten_minutes() -> None:
    code = tickets.ticket_code(bytes(20))
    ticket = tickets.issue(code=code, job="sshq-a", owner=ALICE, now=START)
    assert code not in ticket.model_dump_json()
    assert (ticket.expires_at - ticket.issued_at).total_seconds() == 600
