"""What a run and a preset may say: each wrong word is told, and nothing slips through."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sshq.chat.commands.asking import ChangePreset, Run
from sshq.domain.job_options import MOST_INPUTS, Options, pairs

S3 = "s3://team-data/set"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"input": ["data"]}, "pair .*'data'"),
        ({"input": ["=s3://b/c"]}, "pair "),
        ({"input": [f"a={S3}", f"a={S3}"]}, "name-twice .*'a'"),
        ({"input": ["a=https://x.test"]}, "s3"),
        ({"input": ["a=s3://B/x"]}, "s3"),
        ({"input": ["a=s3://bucket/with space"]}, "s3"),
        ({"input": [f"../up={S3}"]}, "channel "),
        ({"input": [f"{'x' * 65}={S3}"]}, "channel "),
        ({"input": [f"sshq={S3}"]}, "own-channel .*'sshq'"),
        ({"input": [f"source={S3}"]}, "own-channel .*'source'"),
        ({"input": [f"c{n}={S3}" for n in range(MOST_INPUTS + 1)]}, "too-many-inputs .*'16'"),
        ({"output": "/local/x"}, "s3"),
        ({"idle": "4m"}, "idle-too-short"),
        ({"idle": "2d"}, "span-too-long .*'1 d'"),
        ({"instance": "g5.xlarge"}, "match pattern"),
        ({"count": "17"}, "less than or equal to 16"),
        ({"hours": "0"}, "greater than 0"),
        ({"volume": "0"}, "greater than or equal to 1"),
        ({"warm_pool": "30s"}, "span-too-short .*'1 min'"),
    ],
)  # fmt: skip
def test_what_cant_be_is_told(said: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Options(**said)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (["1A=x"], "variable .*'1A'"),
        (["A-B=x"], "variable .*'A-B'"),
        (["SSHQ_JOB=x"], "own-variable .*'SSHQ_JOB'"),
        (["A"], "pair "),
    ],
)
def test_a_variable_that_cant_be_is_told(said: list[str], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Run.model_validate({"env": said})


def test_what_can_be_is_taken_as_it_is_meant() -> None:
    found = Run.model_validate(
        {
            "input": [f"a={S3}", "b=s3://bkt"],
            "env": ["A=1=2", "B="],
            "idle": "off",
            "warm_pool": "30m",
            "hours": "1h30m",
            "volume": "100 GB",
            "instance": "ML.G5.xlarge",
        }
    )

    assert found.input == {"a": S3, "b": "s3://bkt"}
    assert found.env == {"A": "1=2", "B": ""}
    assert (found.idle, found.warm_pool) == (0, 1800)
    assert (found.hours, found.volume, found.instance) == (1.5, 100, "ml.g5.xlarge")


def test_off_is_said_and_isnt_the_same_as_nothing() -> None:
    preset = Options(idle=3600, spot=True)

    assert Options(idle=0).over(preset) == Options(idle=0, spot=True)
    assert Options().over(preset) == preset


SAID = st.fixed_dictionaries(
    {},
    optional={
        "instance": st.sampled_from(["ml.m5.large", "ml.g5.xlarge"]),
        "count": st.integers(1, 16),
        "idle": st.integers(300, 86_400),
        "spot": st.booleans(),
        "command": st.text(max_size=20),
    },
)


@given(SAID, SAID)
def test_what_is_said_goes_before_what_the_preset_says(own: Any, preset: Any) -> None:
    found = Options(**own).over(Options(**preset))

    assert found == Options(**(preset | own))


@given(st.dictionaries(st.text(min_size=1).filter(lambda name: "=" not in name), st.text()))
def test_pairs_come_back_as_they_were(named: dict[str, str]) -> None:
    assert pairs([f"{name}={value}" for name, value in named.items()]) == named
    assert pairs(named) == named


def test_a_presets_lists_are_patterns_and_any_is_none() -> None:
    base = {"action": "save", "preset": "gpu"}
    asked = ChangePreset.model_validate(base | {"allow_instances": "ml.g5.*,,ml.m5.large"})

    assert asked.allow_instances == ("ml.g5.*", "ml.m5.large")
    assert ChangePreset.model_validate(base | {"allow_images": "any"}).allow_images == ()
    with pytest.raises(ValidationError):
        ChangePreset.model_validate(base | {"allow_instances": "ml.g5.*;rm"})
