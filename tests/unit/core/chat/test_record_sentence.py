"""Every record of a job's container has its sentence, in every language."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sshq.container
from sshq.chat.catalogue import LANGUAGES, texts
from sshq.chat.record_sentence import failure_sentence, record_sentence
from sshq.domain.records import Result, Stage, StageRecord


def record(stage: Stage, result: Result, code: str = "", **facts: Any) -> StageRecord:
    return StageRecord(
        sshq=1, stage=stage, result=result, code=code, rank=0, at="", ms=3210, facts=facts
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("stage", Stage)
def test_every_stage_has_words_for_success_and_for_failure(stage: Stage, language: str) -> None:
    found = LANGUAGES[language]
    assert f"job.record.{stage.value}.ok" in found
    if stage not in {Stage.PROBE, Stage.ACTIVITY, Stage.WATCHDOG}:
        assert f"job.record.{stage.value}.failed" in found


@pytest.mark.parametrize("name", ["sshd", "agent"])
def test_every_code_of_the_scripts_reads_well(name: str) -> None:
    """A code without a sentence of its own stands in the stage's general one."""
    script = (Path(sshq.container.__file__).parent / f"{name}.sh").read_text()
    stage = Stage(name)
    codes = set(re.findall(r"echo ([a-z_]+); (?:exit|return) 1", script))
    assert codes
    for code in codes:
        said = record_sentence(record(stage, Result.FAILED, code), texts("en"))
        assert said == LANGUAGES["en"].get(f"job.record.{name}.{code}") or code in said


@pytest.mark.parametrize(("mode", "words"), [("run", "runs all the same"), ("fail", "job fails")])
def test_the_option_for_a_failed_start_up_is_told(mode: str, words: str) -> None:
    failed = record(Stage.READY, Result.FAILED, "no_agent", fail_mode=mode)
    said = record_sentence(failed, texts("en"))
    assert words in said
    assert "no_agent" in said


def test_a_code_alone_tells_what_to_do() -> None:
    said = failure_sentence(Stage.SSHD, "no_sshd", texts("en"))
    assert said == LANGUAGES["en"]["job.record.sshd.no_sshd"]
    assert "(new_code)" in failure_sentence(Stage.AGENT, "new_code", texts("en"))


def test_ready_tells_how_long_it_took() -> None:
    ready = record(Stage.READY, Result.OK, node_id="mi-1")
    assert (
        record_sentence(ready, texts("en"))
        == "Node `mi-1` takes connections, 3.2 s after its start."
    )
    assert "3.2" in record_sentence(ready, texts("zh"))


@given(
    st.sampled_from(Stage),
    st.sampled_from(Result),
    st.text(max_size=40),
    st.dictionaries(st.sampled_from(["system", "node_id", "exit_code", "fail_mode"]), st.text()),
)
def test_whatever_a_container_says_makes_no_markup(
    stage: Stage, result: Result, code: str, facts: dict[str, str]
) -> None:
    said = record_sentence(record(stage, result, f"<!channel>{code}", **facts), texts("en"))
    assert "<" not in said
    assert len(said) < 2000
