"""Records: valid JSON whatever the image says, and the right rank."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sshq.domain.records import Stage, parse_record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Sh = Callable[..., bytes]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_text_makes_a_valid_record(sh: Sh, text: str) -> None:
    line = sh('record probe ok "" 12 "{\\"text\\":\\"$(json_text "$1")\\"}"', text).decode()

    record = parse_record(line)

    assert record is not None
    assert record.stage is Stage.PROBE
    plain = all(" " <= character <= "~" for character in text)
    if plain and len(text) <= 512:
        assert record.facts == {"text": text}


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("007", 7), ("42", 42), ("", None), ("-1", None), ("1.5", None), ("N/A", None)],
)
def test_a_number_or_null(sh: Sh, text: str, number: int | None) -> None:
    assert json.loads(sh('json_number "$1"', text)) == number


@pytest.mark.parametrize(
    ("config", "rank"),
    [
        ({"current_host": "algo-1", "hosts": ["algo-1"]}, 0),
        ({"current_host": "algo-12", "hosts": ["algo-1", "algo-10", "algo-12"]}, 11),
        ({"current_host": "b", "hosts": ["a", "b", "c"]}, 1),
        ({"current_host": "algo-0", "hosts": ["algo-0"]}, 0),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_the_rank_comes_from_the_hosts_name(
    sh: Sh, tmp_path: Path, config: dict[str, object], rank: int, indent: int | None
) -> None:
    path = tmp_path / "resourceconfig.json"
    path.write_text(json.dumps(config, indent=indent))

    assert int(sh('node_rank "$1"', str(path))) == rank


def test_without_a_resourceconfig_the_rank_is_0(sh: Sh, tmp_path: Path) -> None:
    assert int(sh('node_rank "$1"', str(tmp_path / "none"))) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the clock has whole seconds")
def test_the_clock_counts_milliseconds_since_boot(sh: Sh) -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    now = int(sh("now_ms")) / 1000
    after = time.clock_gettime(time.CLOCK_BOOTTIME)

    # /proc/uptime cuts to hundredths.
    assert before - 0.02 <= now <= after
