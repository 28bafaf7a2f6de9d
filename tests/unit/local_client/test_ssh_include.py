from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from sshq_local.ssh_include import with_line_first, without_line

LINE = b"Include ~/.local/share/sshq/ssh_config"
BOM = b"\xef\xbb\xbf"

CONTENTS = st.one_of(
    st.binary(),
    st.lists(
        st.sampled_from(
            [
                b"Host *",
                b"\tUser a",
                b"",
                b"# " + LINE,
                LINE + b" other",
                b"\xff",
                BOM,
                b"Include x",
            ]
        )
    ).flatmap(lambda lines: st.sampled_from([b"\n", b"\r\n"]).map(lambda end: end.join(lines))),
).filter(lambda content: not {LINE, LINE + b"\r"} & set(content.removeprefix(BOM).split(b"\n")))


@given(CONTENTS)
@example(b"")
@example(b"Host a")
@example(BOM + b"Host a\r\n")
@example(b"Host a\r" + LINE)
def test_all_other_bytes_stay_and_come_back(content: bytes) -> None:
    changed = with_line_first(content, LINE)
    assert len(changed) - len(content) - len(LINE) in {1, 2}
    assert without_line(changed, LINE) == content


@given(CONTENTS)
def test_the_line_is_first_and_only_once(content: bytes) -> None:
    once = with_line_first(content, LINE)
    assert once.removeprefix(BOM).split(b"\n")[0].rstrip(b"\r") == LINE
    assert with_line_first(once, LINE) == once


def test_a_line_further_down_moves_up() -> None:
    content = b"Host a\n" + LINE + b"\n  User b\n"
    assert with_line_first(content, LINE) == LINE + b"\nHost a\n  User b\n"


def test_a_file_with_crlf_gets_crlf() -> None:
    assert with_line_first(b"Host a\r\n", LINE) == LINE + b"\r\nHost a\r\n"
