"""The agent's configuration: the user's boto3 keeps the job role."""

from __future__ import annotations

import hashlib
import json
import platform
import tarfile
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


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    """The agent's channel as SageMaker lays it out; beside it a home for start.sh."""
    (tmp_path / "home/log").mkdir(parents=True)
    channel = tmp_path / "channel"
    channel.mkdir()
    agent = tmp_path / "amazon-ssm-agent"
    agent.write_text("#!/bin/sh\necho agent\n")
    agent.chmod(0o777)
    with tarfile.open(channel / f"{platform.machine()}.tar.gz", "w:gz") as package:
        package.add(agent, agent.name)
    return channel


def prepare(sh: Callable[..., bytes], channel: Path, sums: str, path: str = "") -> str:
    script = (
        'SSHQ_HOME=$1/home; AGENT_CHANNEL=$1/channel; SSHQ_AGENT_SUMS=$2; PATH="$PATH$3"\n'
        "id() { echo 0; }; chown() { :; }\n"
        "prepare_agent || :"
    )
    return sh(script, str(channel.parent), sums, path).decode().strip()


def sums_of(channel: Path) -> str:
    name = f"{platform.machine()}.tar.gz"
    digest = hashlib.sha256((channel / name).read_bytes()).hexdigest()
    return f"{'0' * 64}  ca.pem\n{digest}  {name}"


def test_the_pinned_agent_is_unpacked_and_keeps_the_job_role(
    sh: Callable[..., bytes], channel: Path
) -> None:
    assert prepare(sh, channel, sums_of(channel)) == "mirrored"

    home = channel.parent / "home"
    program = home / "agent/amazon-ssm-agent"
    assert (home / "agent.path").read_text() == f"{program}\n"
    assert program.stat().st_mode & 0o777 == 0o755
    config = json.loads((home / "agent/configuration/amazon-ssm-agent.json").read_text())
    assert config == {"Profile": {"ShareCreds": False}}


def test_the_images_own_agent_comes_first(sh: Callable[..., bytes], channel: Path) -> None:
    assert prepare(sh, channel, sums_of(channel), f":{channel.parent}") == "image"


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (lambda sums: sums.replace(sums[-90:-20], "0" * 70), "checksum_differs"),
        (lambda sums: sums.splitlines()[0], "checksum_differs"),
        (lambda sums: sums[:0], "no_agent"),
    ],
    ids=["another digest", "not in the list", "nothing pinned"],
)
def test_an_agent_that_was_not_pinned_doesnt_run(
    sh: Callable[..., bytes], channel: Path, broken: Callable[[str], str], code: str
) -> None:
    assert prepare(sh, channel, broken(sums_of(channel))) == code
    assert not (channel.parent / "home/agent.path").exists()


def test_an_agent_for_other_processors_only_is_told(
    sh: Callable[..., bytes], channel: Path
) -> None:
    sums = sums_of(channel)
    (channel / f"{platform.machine()}.tar.gz").rename(channel / "vax.tar.gz")

    assert prepare(sh, channel, sums) == "agent_not_for_this_processor"


def _all_pairs(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """An object with the names that come twice: json would keep the last one only."""
    return pairs


def _flat(pairs: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    for key, value in pairs:
        yield key, value
        if isinstance(value, list):
            yield from _flat(value)
