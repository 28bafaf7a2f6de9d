"""A session that came with the lease: for one connection, to its machine, for a while."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from sshq_local.first_session import FILE, FRESH_SECONDS, first_session_file, take_first_session

if TYPE_CHECKING:
    from pathlib import Path

SESSION = {"id": "s-1", "stream_url": "wss://h/1", "token": "t", "region": "eu-west-1"}


def kept(folder: Path, *, age: float = 0.0) -> str:
    content = first_session_file(SESSION, 1, received_at=time.time() - age)
    (folder / FILE).write_bytes(content)
    return str(folder)


def test_it_is_taken_once_and_for_its_machine_only(tmp_path: Path) -> None:
    folder = kept(tmp_path)

    assert take_first_session(folder, 0) is None
    taken = take_first_session(folder, 1)
    assert taken is not None
    assert {name: taken[name] for name in ("id", "stream_url", "token")} == {
        name: SESSION[name] for name in ("id", "stream_url", "token")
    }
    assert take_first_session(folder, 1) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("age", [FRESH_SECONDS + 1, -60])
def test_one_whose_time_is_over_is_forgotten(tmp_path: Path, age: float) -> None:
    assert take_first_session(kept(tmp_path, age=age), 1) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"rank": 1}'])
def test_a_damaged_file_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert take_first_session(str(tmp_path), 1) is None


@pytest.mark.parametrize("answer", [None, "s", {}, SESSION | {"token": ""}, SESSION | {"id": 1}])
def test_an_older_api_gives_none(answer: Any) -> None:
    assert first_session_file(answer, 0, received_at=0) == b""
    assert first_session_file(SESSION, None, received_at=0) == b""
