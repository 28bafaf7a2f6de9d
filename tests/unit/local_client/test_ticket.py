from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq_local.errors import Exit, Refusal
from sshq_local.ticket import parse_ticket

CODE = "7ZK3M9QWERTY0123456789ABCDEFGHJK"
HOST = "abc123.execute-api.eu-west-1.amazonaws.com"

CODES = st.text(alphabet="0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=32, max_size=32)


@given(CODES, st.data())
def test_case_and_look_alike_letters_are_forgiven(code: str, data: st.DataObject) -> None:
    look_alikes = {"1": "1iIlL", "0": "0oO"}
    typed = "".join(data.draw(st.sampled_from(look_alikes.get(c, c + c.lower()))) for c in code)
    assert parse_ticket(f"  {HOST.upper()}/{typed}\n").code == code


@pytest.mark.parametrize(
    ("host", "api"),
    [
        (HOST, f"https://{HOST}"),
        (f"{HOST}:8443", f"https://{HOST}:8443"),
        ("127.0.0.1:8700", "http://127.0.0.1:8700"),
        ("localhost", "http://localhost"),
        ("[::1]:8700", "http://[::1]:8700"),
        ("localhost.example.com", "https://localhost.example.com"),
        ("127.0.0.1.example.com", "https://127.0.0.1.example.com"),
    ],
)
def test_plain_http_is_for_this_computer_alone(host: str, api: str) -> None:
    assert parse_ticket(f"{host}/{CODE}").api == api


def test_a_pasted_scheme_does_not_choose_the_transport() -> None:
    assert parse_ticket(f"http://{HOST}/{CODE}").api == f"https://{HOST}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        CODE,
        f"/{CODE}",
        f"{HOST}/",
        f"{HOST}/{CODE[:-1]}",
        f"{HOST}/{CODE}A",
        f"{HOST}/{CODE[:-1]}U",
        f"{HOST}/{CODE[:-1]}ı",
        f"{HOST}/{CODE[:-1]}\x00",
        f"{HOST}:0/{CODE}",
        f"{HOST}:65536/{CODE}",
        f"user@{HOST}/{CODE}",
        f"{HOST}/path/{CODE}",
        f"{HOST}?x=/{CODE}",
        f"-host.example/{CODE}",
        f"a b/{CODE}",
    ],
)
def test_anything_else_is_refused_as_wrong_usage(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_ticket(text)
    assert refused.value.exit_code is Exit.USAGE
    assert refused.value.next_step


@given(st.text())
def test_no_text_makes_it_crash(text: str) -> None:
    try:
        ticket = parse_ticket(text)
    except Refusal:
        return
    assert len(ticket.code) == 32


def test_the_code_is_never_shown() -> None:
    assert CODE not in repr(parse_ticket(f"{HOST}/{CODE}"))
    with pytest.raises(Refusal) as refused:
        parse_ticket(f"{HOST}/{CODE}Z")
    assert CODE not in refused.value.what
