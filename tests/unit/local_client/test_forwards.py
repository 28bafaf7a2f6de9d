"""Forwards as they are typed, and the ports that they get."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq_local.errors import Exit, Reason, Refusal
from sshq_local.forwards import Forward, Kind, choose_ports, parse_forward


def nobody(_port: int) -> bool:
    return True


def typed(forward: Forward) -> str:
    return f"forward job {' '.join(forward.as_option())}"


@pytest.mark.parametrize(
    ("text", "kind", "option"),
    [
        ("8888", Kind.LOCAL, ("-L", "8888:localhost:8888")),
        ("9000:8888", Kind.LOCAL, ("-L", "9000:localhost:8888")),
        ("9000:10.0.0.7:80", Kind.LOCAL, ("-L", "9000:10.0.0.7:80")),
        ("127.0.0.1:9000:db:80", Kind.LOCAL, ("-L", "127.0.0.1:9000:db:80")),
        ("[::1]:9000:[fe80::1]:80", Kind.LOCAL, ("-L", "[::1]:9000:[fe80::1]:80")),
        ("12345", Kind.REMOTE, ("-R", "12345:localhost:12345")),
        ("0.0.0.0:12345:localhost:9", Kind.REMOTE, ("-R", "0.0.0.0:12345:localhost:9")),
        ("1080", Kind.DYNAMIC, ("-D", "1080")),
        ("localhost:1080", Kind.DYNAMIC, ("-D", "localhost:1080")),
    ],
)
def test_short_and_long_forms(text: str, kind: Kind, option: tuple[str, str]) -> None:
    assert parse_forward(text, kind).as_option() == option


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    "text",
    ["", ":", "x", "0", "65536", "1:", ":1", "1:2:3:4:5", "-oProxyCommand=x", "1:-x:2", "٣", "1 2"],
)
def test_what_is_no_forward_is_refused(text: str, kind: Kind) -> None:
    with pytest.raises(Refusal) as refused:
        parse_forward(text, kind)
    assert refused.value.exit_code is Exit.USAGE
    assert refused.value.next_step


@given(st.text(max_size=30), st.sampled_from(Kind))
def test_anything_is_a_forward_or_a_refusal(text: str, kind: Kind) -> None:
    try:
        option, value = parse_forward(text, kind).as_option()
    except Refusal:
        return
    assert option == f"-{kind}"
    assert not set(value) & set(" \t\r\n'\"$`;&|")


def test_a_taken_port_that_nobody_named_moves_to_the_next_free_one() -> None:
    asked = [parse_forward("8888", Kind.LOCAL), parse_forward("8889", Kind.LOCAL)]
    chosen = choose_ports(asked, lambda port: port != 8888, offer=typed)
    assert [forward.as_option()[1] for forward in chosen] == [
        "8889:localhost:8888",
        "8890:localhost:8889",
    ]
    assert [forward.wanted for forward in chosen] == [8888, 8889]


def test_a_taken_port_that_was_named_is_refused_and_another_one_offered() -> None:
    with pytest.raises(Refusal) as refused:
        choose_ports([parse_forward("9000:80", Kind.LOCAL)], lambda port: port > 9001, offer=typed)
    assert refused.value.reason == Reason.PORT_TAKEN
    assert refused.value.next_step.endswith("forward job -L 9002:localhost:80")


def test_the_system_s_ports_move_far_up() -> None:
    chosen = choose_ports([parse_forward("80", Kind.LOCAL)], lambda port: port > 1023, offer=typed)
    assert chosen[0].port == 8081


def test_the_other_side_s_ports_are_not_looked_at_here() -> None:
    asked = parse_forward("12345", Kind.REMOTE)
    assert choose_ports([asked], lambda _: False, offer=typed) == [asked]


def test_where_nothing_is_free_that_is_said() -> None:
    with pytest.raises(Refusal) as refused:
        choose_ports([parse_forward("65535", Kind.LOCAL)], lambda _: False, offer=typed)
    assert refused.value.reason == Reason.PORT_TAKEN


def test_the_same_port_twice_is_two_listeners() -> None:
    asked = [parse_forward("8888", Kind.LOCAL)] * 2
    assert [each.port for each in choose_ports(asked, nobody, offer=typed)] == [8888, 8889]
