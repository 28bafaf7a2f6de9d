"""The SFTP client against servers that lie: nothing is believed before it is checked."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq_local.copying import sftp
from sshq_local.copying.sftp import LARGEST_ANSWER, Sftp, SftpBroken, SftpError


def packet(kind: int, body: bytes) -> bytes:
    return struct.pack(">IB", len(body) + 1, kind) + body


VERSION = packet(2, struct.pack(">I", 3))


def status(request: int, code: int, text: bytes = b"") -> bytes:
    return packet(101, struct.pack(">III", request, code, len(text)) + text + bytes(4))


def client(*answers: bytes, block: int = 1 << 20) -> Sftp:
    data = b"".join(answers)
    position = 0

    def receive(most: int) -> bytes:
        nonlocal position
        part = data[position : position + min(most, block)]
        position += len(part)
        return part

    return Sftp(receive, lambda _data: None)


def test_answers_are_matched_to_requests_in_whatever_order_they_come() -> None:
    data = [packet(103, struct.pack(">II", n, 1) + b"%d" % n) for n in (1, 2, 3)]
    talk = client(VERSION, data[2], data[0], data[1], block=3)
    talk.start()
    answers = talk.run(sftp.read(b"h", 0, 1) for _ in range(3))
    assert [answer.data() for answer in answers] == [b"1", b"2", b"3"]


def test_a_refusal_is_an_error_with_its_meaning() -> None:
    talk = client(VERSION, status(1, sftp.PERMISSION_DENIED), status(2, 42, b"why \x1b[31m"))
    talk.start()
    with pytest.raises(SftpError, match="permission denied"):
        talk.ask(sftp.stat("x")).attributes()
    with pytest.raises(SftpError, match=r"why  \[31m"):
        talk.ask(sftp.stat("x")).attributes()


def test_the_end_of_a_file_or_folder_is_nothing_more() -> None:
    talk = client(VERSION, status(1, sftp.EOF), status(2, sftp.EOF))
    talk.start()
    assert talk.ask(sftp.read(b"h", 0, 1)).data() == b""
    assert talk.ask(sftp.read_folder(b"h")).names() == []


@pytest.mark.parametrize(
    "answers",
    [
        b"",
        b"\0\0\0",
        struct.pack(">I", LARGEST_ANSWER + 1),
        struct.pack(">I", 0),
        packet(2, struct.pack(">I", 6)),
        packet(101, b""),
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
def test_what_is_no_sftp_is_left(answers: bytes) -> None:
    with pytest.raises(SftpBroken):
        client(answers).start()


@pytest.mark.parametrize(
    "answer",
    [
        status(7, 0),
        packet(103, struct.pack(">II", 1, 500) + b"short"),
        packet(102, struct.pack(">II", 1, 1) + b"h"),
        packet(104, struct.pack(">II", 1, 1_000_000_000)),
        packet(105, struct.pack(">II", 1, 0x80000000) + struct.pack(">I", 1_000_000_000)),
    ],
)
def test_an_answer_that_can_not_be_ends_the_conversation(answer: bytes) -> None:
    talk = client(VERSION, answer)
    talk.start()
    with pytest.raises(SftpBroken):
        _read_any(talk.ask(sftp.read(b"h", 0, 1)), answer[4])


@given(st.binary(max_size=200), st.sampled_from([101, 102, 103, 104, 105]))
def test_garbage_ends_in_one_of_two_errors(body: bytes, kind: int) -> None:
    talk = client(VERSION, packet(kind, struct.pack(">I", 1) + body))
    talk.start()
    try:
        _read_any(talk.ask(sftp.stat("x")), kind)
    except (SftpError, SftpBroken):
        return


def _read_any(answer: sftp.Answer, kind: int) -> object:
    if kind == 104:
        return answer.names()
    return answer.attributes() if kind == 105 else answer.data()
