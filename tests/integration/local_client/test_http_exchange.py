"""Answers as a server may cut them, over a real pair of sockets."""

from __future__ import annotations

import contextlib
import socket
import threading
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sshq_local.http_exchange import BadAnswerError, HttpAnswer, exchange
from tests.waiting import PATIENCE_SECONDS

LARGEST = 1000


def ask(pieces: list[bytes]) -> tuple[HttpAnswer, bytes]:
    """Send a request to a peer that answers with `pieces` and closes; also what the peer heard."""
    ours, theirs = socket.socketpair()
    heard: list[bytes] = []

    def peer() -> None:
        heard.append(theirs.recv(4096))
        # A client that has its whole answer, or has refused it, may hang up before the last piece.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for piece in pieces:
                theirs.sendall(piece)
            theirs.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=peer)
    thread.start()
    try:
        with ours:
            ours.settimeout(PATIENCE_SECONDS)
            answer = exchange(
                ours, "POST", "/v1/x", headers={"Host": "h"}, body=b"{}", largest=LARGEST
            )
            return answer, heard[0]
    finally:
        thread.join()
        theirs.close()


def cut(data: bytes, at: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(place % (len(data) + 1) for place in at)})
    return [data[a:b] for a, b in pairwise(places)]


def framed(body: bytes, how: str) -> bytes:
    head = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-A: b: c\r\n"
    if how == "length":
        return head + b"content-LENGTH: %d\r\n\r\n%b" % (len(body), body)
    if how == "end":
        return head + b"\r\n" + body
    halves = [half for half in (body[: len(body) // 2], body[len(body) // 2 :]) if half]
    chunks = b"".join(b"%X;x=y\r\n%b\r\n" % (len(half), half) for half in halves)
    return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


@settings(deadline=None)
@given(
    st.binary(max_size=LARGEST),
    st.sampled_from(["length", "chunks", "end"]),
    st.lists(st.integers(0)),
)
def test_an_answer_is_the_same_however_it_is_framed_and_cut(
    body: bytes, how: str, at: list[int]
) -> None:
    answer, _ = ask(cut(framed(body, how), at))
    assert (answer.status, answer.body, answer.headers["x-a"]) == (200, body, "b: c")


def test_the_request_is_plain_http() -> None:
    _, heard = ask([b"HTTP/1.1 204 No Content\r\n\r\n"])
    assert heard == (
        b"POST /v1/x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
    )


@pytest.mark.parametrize("how", ["length", "chunks", "end"])
def test_a_longer_body_than_allowed_is_refused(how: str) -> None:
    with pytest.raises(BadAnswerError):
        ask([framed(b"x" * 2 * (LARGEST + 1), how)])


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 two OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbroken\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\n0123456789",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
    ],
)
def test_what_is_no_http_is_called_so(data: bytes) -> None:
    with pytest.raises(BadAnswerError):
        ask([data])


@pytest.mark.parametrize("how", ["length", "chunks"])
def test_an_answer_that_breaks_off_is_a_lost_connection(how: str) -> None:
    with pytest.raises(ConnectionError):
        ask([framed(b"hello", how)[:-6]])
