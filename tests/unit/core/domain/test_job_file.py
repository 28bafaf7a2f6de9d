"""job.env says in shell what job.json says in JSON."""

from __future__ import annotations

import shlex

from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.job_file import Activation, JobFile
from tests.core_services import START

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)


def job_file(command: str, env: dict[str, str]) -> JobFile:
    return JobFile(
        job="sshq-a",
        owner="T1/U1",
        nodes=1,
        activation=Activation(id="a", code="c0de", region="eu-west-1"),
        ssh_ca=("k1", "k2"),
        principals=("sshq-a",),
        login_user="root",
        port=2222,
        command=command,
        env=env,
        deadline=START,
    )


@given(TEXT, TEXT)
def test_no_value_ends_its_quotes(command: str, value: str) -> None:
    text = job_file(command, {"K": value}).as_shell()
    words = dict(
        word.partition("=")[::2] for word in shlex.split(text, comments=False) if "=" in word
    )
    assert words["SSHQ_COMMAND"] == command
    assert words["K"] == value
    assert words["SSHQ_CA_KEYS"] == "k1\nk2"


def test_the_json_form_comes_back_and_the_code_is_not_in_its_repr() -> None:
    made = job_file("true", {"A": "b"})
    assert JobFile.model_validate_json(made.model_dump_json()) == made
    assert "c0de" not in repr(made)
