"""The agent's configuration: the user's boto3 keeps the job role."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.mark.parametrize(
    "existing",
    [
        None,
        "{}\n",
        '{\n  "Profile": {\n    "ShareCreds" : true,\n    "ShareProfile" : ""\n  },\n  "A": 1\n}\n',
        '{"Profile": {"ShareProfile": "x"}, "A": 1}\n',
        '{"Profile": {}, "A": 1}\n',
        '{\n  "A": 1\n}\n',
        '{"Profile": {"ShareCreds": false}, "A": 1}\n',
    ],
)
@pytest.mark.parametrize("name", ["amazon-ssm-agent.json", "amazon-ssm-agent.json.template"])
def test_credentials_are_never_shared(
    sh: Callable[..., bytes], tmp_path: Path, existing: str | None, name: str
) -> None:
    if existing is not None:
        (tmp_path / name).write_text(existing)

    sh("keep_job_role /usr/bin/amazon-ssm-agent", env={"SSHQ_AGENT_CONFIG_DIR": str(tmp_path)})

    text = (tmp_path / "amazon-ssm-agent.json").read_text()
    pairs = json.loads(text, object_pairs_hook=_all_pairs)
    config = dict(pairs)
    assert [value for key, value in _flat(pairs) if key == "ShareCreds"] == [False]
    assert config.get("A") == (1 if existing and '"A"' in existing else None)


def test_an_agent_that_is_not_installed_system_wide_is_left_alone(
    sh: Callable[..., bytes], tmp_path: Path
) -> None:
    sh(f"keep_job_role '{tmp_path}/bin/amazon-ssm-agent'")

    assert list(tmp_path.iterdir()) == []


def test_the_activation_code_is_taken_out_of_a_log(
    sh: Callable[..., bytes], tmp_path: Path
) -> None:
    log = tmp_path / "register.log"
    log.write_text("one\ncode=s3cr3t*\\x\nthree")

    sh('SSHQ_ACTIVATION_CODE=$2; hide_activation_code "$1"', str(log), "s3cr3t*\\x")

    assert log.read_text() == "one\n(a line with the activation code)\nthree\n"


def _all_pairs(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """An object with the names that come twice: json would keep the last one only."""
    return pairs


def _flat(pairs: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    for key, value in pairs:
        yield key, value
        if isinstance(value, list):
            yield from _flat(value)
