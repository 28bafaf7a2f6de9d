"""What was typed, and where it lies."""

from __future__ import annotations

import pytest

from sshq_local.copying.places import Places, parse_places
from sshq_local.errors import Exit, Refusal

JOB = "sshq-alice-gpu-abcdefgh"


def is_machine(name: str) -> bool:
    return name in {JOB, "alice-gpu-abcdefgh"}


@pytest.mark.parametrize(
    ("source", "target", "places"),
    [
        ("model.pt", f"{JOB}:/data/", Places(JOB, "model.pt", "/data/", is_upload=True)),
        (f"{JOB}:ckpt", ".", Places(JOB, ".", "ckpt", is_upload=False)),
        (f"{JOB}:", ".", Places(JOB, ".", ".", is_upload=False)),
        (f"{JOB}:~", ".", Places(JOB, ".", ".", is_upload=False)),
        (f"{JOB}:~/x y", ".", Places(JOB, ".", "x y", is_upload=False)),
        ("C:\\data", f"{JOB}:a:b", Places(JOB, "C:\\data", "a:b", is_upload=True)),
        ("./odd:name", f"{JOB}:x", Places(JOB, "./odd:name", "x", is_upload=True)),
        (
            "alice-gpu-abcdefgh:x",
            "y",
            Places("alice-gpu-abcdefgh", "y", "x", is_upload=False),
        ),
    ],
)
def test_one_side_is_a_job_s(source: str, target: str, places: Places) -> None:
    assert parse_places(source, target, is_machine) == places


@pytest.mark.parametrize(
    ("source", "target", "says"),
    [
        ("a", "b", "Neither is on a job"),
        (f"{JOB}:a", f"{JOB}:b", "Both are on a job"),
        ("a", "sshq-bob-gpu-abcdefgh:b", "no lease for 'sshq-bob-gpu-abcdefgh'"),
    ],
)
def test_what_cannot_be_copied(source: str, target: str, says: str) -> None:
    with pytest.raises(Refusal, match=says) as refused:
        parse_places(source, target, is_machine)
    assert refused.value.exit_code in {Exit.USAGE, Exit.REFUSED}
    assert refused.value.next_step


def test_source_and_target_follow_the_direction() -> None:
    up = Places(JOB, "here", "there", is_upload=True)
    down = Places(JOB, "here", "there", is_upload=False)
    assert (up.source, up.target) == (down.target, down.source) == ("here", "there")
