"""The container's life from its entrypoint's start to its end, under three kinds of sh."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from sshq.domain.records import parse_record
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

NODE_ID = "mi-0123456789abcdef0"
# A command starts at once; one that ends before its node is ready ends the job, too: this one waits
# until the container has told how its start-up went.
UNTIL_TOLD = """until grep -q '"stage":"ready"' "$SSHQ_HOME/../../../output"; do sleep 0.1; done
"""
SECRETS = ("canary-activation-code", "canary-platform-secret", "canary-user-value")

pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture(params=["openssh"])
def server(request: pytest.FixtureRequest) -> str:
    """Which of the servers runs is no matter here: one of them will do."""
    return str(request.param)


def test_every_stage_is_told_and_nothing_secret(
    make_container: Callable[..., Any], shell: list[str]
) -> None:
    hostile = '\'"\\\n{"sshq":1}\n日本 canary-user-value'
    command = UNTIL_TOLD + 'printf "%s" "$HOSTILE" >"$HOME/seen"; exit 3 # \'"\n# env\n'
    container = make_container(shell=shell, facts={"COMMAND": command}, env={"HOSTILE": hostile})
    container.start()

    assert container.wait() == 3

    assert (container.folder / "root/seen").read_text() == hostile
    records = container.records()
    assert all(parse_record(json.dumps(record)) for record in records)
    assert {record["stage"] for record in records} == {
        *("probe", "sshd", "agent", "register", "ready", "command", "end"),
    }
    assert container.records("ready")[0]["facts"] == {"node_id": NODE_ID}
    assert container.records("command")[-1]["facts"] == {"exit_code": 3}
    assert container.records("end")[0]["code"] == "exited"
    for secret in SECRETS:
        assert secret not in container.output
    logs = "".join(path.read_text() for path in (container.home / "log").iterdir())
    assert "canary-activation-code" not in logs
    container.leaves_no_process()


def test_a_workbench_lives_until_sigterm(
    make_container: Callable[..., Any], shell: list[str]
) -> None:
    container = make_container(shell=shell)
    container.start()
    container.ready()
    facts = container.records("sshd")[0]["facts"]
    probe = container.verb("probe")

    container.signal(signal.SIGTERM)

    assert container.wait() == 0
    assert json.loads(probe.stdout) == {"job": "sshq-alice-workbench-abcdefgh", "rank": 0, **facts}
    assert container.records("end")[0]["code"] == "stopped"
    assert container.verb("probe").returncode == 1
    container.leaves_no_process()


def test_sigterm_reaches_all_of_the_command_and_gives_it_time(
    make_container: Callable[..., Any], shell: list[str]
) -> None:
    inner = (
        "trap 'sleep 1; echo saved >\"$HOME/saved\"; exit 0' TERM\n"
        ': >"$HOME/up"\nwhile :; do sleep 0.1; done'
    )
    container = make_container(shell=shell, facts={"COMMAND": f"(\n{inner}\n)\necho never"})
    container.start()
    until((container.folder / "root/up").exists)

    container.signal(signal.SIGTERM)

    assert container.wait() == 143
    assert (container.folder / "root/saved").read_text() == "saved\n"
    assert "never" not in container.output
    container.leaves_no_process()


def test_the_command_waits_for_the_start_verb(
    make_container: Callable[..., Any], shell: list[str]
) -> None:
    container = make_container(
        shell=shell, facts={"COMMAND": "echo it runs", "WAIT_SECONDS": "600"}
    )
    container.start()
    until(lambda: container.records("command"))
    assert "it runs" not in container.output

    assert container.verb("start").returncode == 0

    assert container.wait() == 0
    assert "it runs" in container.output


def test_the_watchdog_keeps_a_deadline_that_was_moved(
    make_container: Callable[..., Any], shell: list[str]
) -> None:
    container = make_container(shell=shell)
    container.start()
    container.ready()

    assert container.verb("deadline", str(int(time.time()))).returncode == 0

    assert container.wait() == 0
    assert container.records("watchdog")[0]["code"] == "deadline"
    assert container.records("end")[0]["code"] == "deadline"
    container.leaves_no_process()


@pytest.mark.parametrize("service", ["sshd", "agent"])
def test_what_dies_comes_back(
    make_container: Callable[..., Any], shell: list[str], service: str
) -> None:
    container = make_container(shell=shell)
    container.start()
    container.ready()
    kept = container.home / f"{service}.kept"
    first = int(kept.read_text())

    os.kill(first, signal.SIGKILL)

    until(lambda: kept.read_text().strip() not in {"", str(first)})
    until(lambda: container.verb("probe").returncode == 0)
    assert container.records(service)[-1]["facts"] == {"exit_code": 137, "again_in_seconds": 1}


@pytest.mark.parametrize(
    ("mode", "status", "said"), [("run", 0, True), ("fail", 1, False)], ids=["run", "fail"]
)
def test_a_failed_start_up_harms_the_command_only_when_asked_to(
    make_container: Callable[..., Any], shell: list[str], mode: str, status: int, said: bool
) -> None:
    command = UNTIL_TOLD + "echo it runs"
    container = make_container(shell=shell, facts={"COMMAND": command, "FAIL_MODE": mode})
    container.start(agent=False)

    assert container.wait() == status

    assert container.records("agent")[0]["code"] == "no_agent"
    ready = container.records("ready")[0]
    assert (ready["result"], ready["facts"]) == ("failed", {"fail_mode": mode})
    assert ("it runs" in container.output) is said
    failure = container.folder / "opt/ml/output/failure"
    assert failure.exists() is not said
    if not said:
        assert "no_agent" in failure.read_text()
    container.leaves_no_process()


def test_a_refused_activation_is_told_without_its_code(
    make_container: Callable[..., Any], shell: list[str]
) -> None:
    # The user's environment doesn't reach the agent, so the stand-in is told by a file.
    container = make_container(shell=shell, facts={"COMMAND": UNTIL_TOLD})
    (container.folder / "root").mkdir()
    (container.folder / "root/refuse").touch()
    container.start()

    assert container.wait() == 0

    assert container.records("register")[0]["code"] == "activation_refused"
    log = (container.home / "log/register.log").read_text()
    assert log == "(a line with the activation code)\n"


def test_the_command_starts_at_once_and_not_after_ssh(
    make_container: Callable[..., Any], shell: list[str]
) -> None:
    container = make_container(
        shell=shell, facts={"COMMAND": 'echo it runs; : >"$HOME/go"; ' + UNTIL_TOLD}
    )
    (container.folder / "root").mkdir()
    (container.folder / "root/wait-for-go").touch()
    container.start()

    assert container.wait() == 0

    stages = [(r["stage"], r["code"]) for r in container.records()]
    assert stages.index(("command", "started")) < stages.index(("register", ""))
    assert ("ready", "") in stages
    container.leaves_no_process()


def test_the_activation_code_is_out_of_reach_before_the_command_runs(
    make_container: Callable[..., Any],
) -> None:
    container = make_container(
        facts={
            "COMMAND": 'cat /proc/$$/environ "$SSHQ_HOME/job.env"\n'
            'echo "left: $(ls "$SSHQ_HOME/../input/data/sshq")"'
        }
    )
    container.start()

    assert container.wait() == 0

    assert "SSHQ_JOB=" in container.output
    assert "left: \n" in container.output
    assert "canary-activation-code" not in container.output


@pytest.mark.parametrize("verb", ["sshq-wait", "sm-wait"])
def test_the_user_lets_the_command_go_as_with_the_old_helper(
    make_container: Callable[..., Any], verb: str
) -> None:
    """Its environment variable asks for the wait, and its word ends it."""
    container = make_container(
        facts={"COMMAND": "echo it runs"},
        env={"SSH_WAIT_TIME_SECONDS": "600", "SSH_LOG_TO_STDOUT": "true"},
    )
    container.start()
    until(lambda: container.records("command"))
    assert container.records("command")[0]["facts"] == {"seconds": 600}

    done = subprocess.run(
        [container.home / "bin" / verb, "stop"], env={"SSHQ_HOME": str(container.home)}, check=False
    )

    assert (done.returncode, container.wait()) == (0, 0)
    assert "it runs" in container.output
    assert "Server listening on 127.0.0.1" in container.output


def test_a_wait_ends_with_its_time(make_container: Callable[..., Any]) -> None:
    container = make_container(facts={"COMMAND": "echo it runs", "WAIT_SECONDS": "1"})
    container.start()

    assert container.wait() == 0
    assert "it runs" in container.output


@pytest.mark.parametrize("moment", ["preparing", "waiting"])
def test_a_stop_before_the_command_runs_never_runs_it(
    make_container: Callable[..., Any], shell: list[str], moment: str
) -> None:
    container = make_container(
        shell=shell, facts={"COMMAND": "echo it runs", "WAIT_SECONDS": "600"}
    )
    container.start()
    until(lambda: container.records("command" if moment == "waiting" else "probe"))

    container.signal(signal.SIGTERM)

    assert container.wait() == 143
    assert "it runs" not in container.output
    assert container.records("end")[0]["code"] == "stopped"
    container.leaves_no_process()
