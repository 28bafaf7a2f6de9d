"""Records among the lines of a job's log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.records import (
    BUSY_CPU_PERCENT,
    BUSY_GPU_PERCENT,
    BUSY_LOAD,
    Activity,
    Result,
    Stage,
    activity_of,
    parse_record,
)

LINE = (
    '{"sshq":1,"stage":"sshd","result":"ok","code":"","rank":0,"at":"2026-11-22T12:00:00Z",'
    '"ms":12,"facts":{"port":2222}}'
)


def test_a_record_is_read() -> None:
    record = parse_record(LINE + "\n")
    assert record is not None
    assert (record.stage, record.result, record.facts) == (Stage.SSHD, Result.OK, {"port": 2222})


@given(st.text())
def test_whatever_a_program_prints_is_read_or_ignored(text: str) -> None:
    parse_record(text)
    parse_record('{"sshq":' + text)


def test_what_is_not_quite_a_record_is_ignored() -> None:
    assert parse_record(LINE.replace("sshd", "root")) is None
    assert parse_record(LINE.replace('"rank":0', '"rank":-1')) is None
    assert parse_record(LINE[:-1] + ',"more":1}') is None
    assert parse_record('{"sshq":' + "[" * 10_000) is None
    assert parse_record(LINE.replace("12:00", "1" * 20_000)) is None


IDLE = Activity(seconds=60, logins=1, bytes=0, typing=0, cpu=1, gpu=0, load=0.02)


def test_an_activity_record_has_its_own_facts() -> None:
    line = LINE.replace('"sshd"', '"activity"').replace('{"port":2222}', IDLE.model_dump_json())
    record = parse_record(line)
    assert record is not None
    assert activity_of(record) == IDLE
    sshd, odd = parse_record(LINE), parse_record(line.replace('"typing":0,', ""))
    assert sshd is not None
    assert odd is not None
    assert activity_of(sshd) is None
    assert activity_of(odd) is None


def test_an_open_connection_alone_is_idle() -> None:
    assert not IDLE.is_busy


@pytest.mark.parametrize(
    "change",
    [
        {"bytes": 1},
        {"typing": 1},
        {"cpu": BUSY_CPU_PERCENT},
        {"gpu": BUSY_GPU_PERCENT},
        {"load": BUSY_LOAD},
        *({name: None} for name in ("bytes", "typing", "cpu", "gpu", "load")),
    ],
)
def test_work_of_any_kind_or_not_knowing_is_busy(change: dict[str, float | None]) -> None:
    assert IDLE.model_copy(update=change).is_busy
