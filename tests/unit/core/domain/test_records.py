"""Records among the lines of a job's log."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.records import Result, Stage, parse_record

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
