"""When a container ends itself for idleness: a workbench alone, and never one that may be busy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sshq.domain.records import BUSY_CPU_PERCENT, BUSY_GPU_PERCENT, BUSY_LOAD, Activity

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IDLE = {"bytes": "0", "typing": "0", "cpu": "1", "gpu": "0", "load": "0.02"}

# The minutes of `observe` pass at once; each argument is one of them, b for busy or i for idle.
WATCHED = """
SSHQ_HOME=$1; shift
SSHQ_COMMAND=${COMMAND-} SSHQ_NODES=${NODES-1} SSHQ_IDLE_SECONDS=${IDLE-180}
minute=0
now_ms() { echo $((minute * OBSERVE_MS)); }
rest() {
  if [ "$minute" -lt "$count" ]; then minute=$((minute + 1)); else : >"$SSHQ_HOME/ending"; fi
}
count=$#
minutes="$*"
activity_begin() { :; }
activity_sample() { :; }
activity() { set -- $minutes; shift $((minute - 1)); activity_busy=; [ "${1-i}" = i ] || activity_busy=1; }
kill() { echo "$* after $minute minutes"; }
record_apart() { :; }
observe 4711
"""


def watched(
    sh: Callable[..., bytes], home: Path, minutes: str, env: dict[str, str] | None = None
) -> str:
    return sh(WATCHED, str(home), *minutes.split(), env=env or {}).decode().strip()


def test_a_workbench_that_is_idle_long_enough_is_ended(
    sh: Callable[..., bytes], tmp_path: Path
) -> None:
    assert watched(sh, tmp_path, "i i i i") == "-s USR2 4711 after 3 minutes"


def test_a_busy_minute_begins_the_count_anew(sh: Callable[..., bytes], tmp_path: Path) -> None:
    assert watched(sh, tmp_path, "i i b i i i i") == "-s USR2 4711 after 6 minutes"


@pytest.mark.parametrize(
    "env",
    [{"COMMAND": "sleep 1"}, {"NODES": "2"}, {"IDLE": "0"}],
    ids=["a command runs", "several nodes", "no rule"],
)
def test_otherwise_idleness_ends_nothing(
    sh: Callable[..., bytes], tmp_path: Path, env: dict[str, str]
) -> None:
    assert watched(sh, tmp_path, "i i i i i i", env) == ""


def test_what_the_bot_asks_to_keep_is_not_idle(sh: Callable[..., bytes], tmp_path: Path) -> None:
    (tmp_path / "keep").write_text("9999999999\n")
    assert watched(sh, tmp_path, "i i i i i i") == ""


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"bytes": "1"},
        {"typing": "2"},
        {"cpu": str(BUSY_CPU_PERCENT)},
        {"cpu": "9"},
        {"gpu": str(BUSY_GPU_PERCENT)},
        {"gpu": "4"},
        {"load": str(BUSY_LOAD)},
        {"load": "0.49"},
        *({name: "null"} for name in IDLE),
    ],
)
def test_the_container_and_the_bot_call_the_same_busy(
    sh: Callable[..., bytes], change: dict[str, str]
) -> None:
    facts = IDLE | change
    in_python = Activity.model_validate(
        {"seconds": 60, "logins": 0}
        | {name: None if value == "null" else float(value) for name, value in facts.items()}
    )

    in_sh = sh('! is_busy "$@" || echo busy', *facts.values()).strip() == b"busy"

    assert in_sh == in_python.is_busy
