"""The commands as a person runs them: processes of their own, a real access API, a real ssh."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from sshq_local.installation import this_installation
from sshq_local.lease_store import LeaseStore
from sshq_local.leaving import remove_configuration
from sshq_sandbox.free_port import free_port
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

JOB = "sshq-alice-gpu-abcdefgh"


def config_of(tmp_path: Path, host: str) -> dict[str, str]:
    ssh = shutil.which("ssh") or ""
    done = subprocess.run(
        [ssh, "-G", "-F", str(tmp_path / "config"), host],
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


def test_connect_writes_what_ssh_needs(api: Any, run: Any, tmp_path: Path) -> None:
    done = run("connect", api.ticket.lower(), "--no-shell")
    assert done.returncode == 0, done.stderr
    assert "Redeeming the ticket …" in done.stderr
    config = config_of(tmp_path, JOB)
    folder = tmp_path / "data" / "leases" / "lease1"
    assert config["user"] == "root"
    assert config["hostkeyalias"] == JOB
    assert config["stricthostkeychecking"] in {"yes", "true"}
    assert config["userknownhostsfile"] == str(folder / "known_hosts")
    assert config["identityfile"] == str(folder / "id_ed25519")
    assert config["certificatefile"] == str(folder / "id_ed25519-cert.pub")
    assert config["identitiesonly"] == "yes"
    assert (config["serveraliveinterval"], config["serveralivecountmax"]) == ("30", "140")
    assert config["compression"] == "yes"
    assert config["controlmaster"] == "auto"
    assert "-m sshq_local proxy" in config["proxycommand"]
    assert config_of(tmp_path, "other")["user"] == "someone"
    listed = subprocess.run(
        ["ssh-keygen", "-L", "-f", folder / "id_ed25519-cert.pub"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert JOB in listed.stdout


def test_a_ticket_pasted_twice_is_one_lease(api: Any, run: Any) -> None:
    first = json.loads(run("connect", api.ticket, "--json").stdout)
    second = json.loads(run("connect", api.ticket, "--json").stdout)
    assert first == second
    assert api.requests == [("POST", "/v1/redeem")]


def test_a_job_s_name_takes_up_the_lease_that_is_held(api: Any, run: Any) -> None:
    first = json.loads(run("connect", api.ticket, "--json").stdout)
    again = run("connect", JOB, "--json")
    assert json.loads(again.stdout) == first
    assert "Taking up the lease" in run("connect", "alice-gpu-abcdefgh", "--print").stderr
    assert api.requests == [("POST", "/v1/redeem")]
    assert run("connect", "sshq-bob-gpu-abcdefgh").returncode == 2


def test_a_lost_answer_is_asked_for_again_with_the_same_key(api: Any, run: Any) -> None:
    api.trouble = [lambda _: "drop"] * 3
    lost = run("connect", api.ticket, "--json")
    assert lost.returncode == 3
    assert json.loads(lost.stdout)["error"]["reason"] == "unreachable"
    assert run("connect", api.ticket, "--no-shell").returncode == 0


def test_a_refused_ticket_leaves_nothing_half_made(api: Any, run: Any, tmp_path: Path) -> None:
    api.redeemed_by = "somebody else's key"
    done = run("connect", api.ticket, "--no-shell")
    assert done.returncode == 1
    assert "This ticket can't be used." in done.stderr
    assert "→ Ask anew." in done.stderr
    assert (tmp_path / "config").read_text() == "Host other\n  User someone\n"
    left = {path.name for path in (tmp_path / "data").rglob("*") if path.is_file()}
    assert left == {"redeeming.lock"}  # empty; one that is removed would hold nobody off


def test_without_ssh_the_ticket_is_not_spent(api: Any, run: Any, tmp_path: Path) -> None:
    done = run("connect", api.ticket, PATH=str(tmp_path))
    assert done.returncode == 4
    assert "Install OpenSSH" in done.stderr
    assert api.requests == []


def test_an_unreachable_api_and_a_wrong_ticket_have_codes_of_their_own(run: Any) -> None:
    assert run("connect", "nonsense").returncode == 2
    assert run("nonsense").returncode == 2
    closed = run("connect", f"127.0.0.1:9/{'0' * 32}", "--no-shell")
    assert closed.returncode == 3
    assert "Traceback" not in closed.stderr


def test_two_connects_at_once_share_one_lease(api: Any, run: Any, tmp_path: Path) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "SSHQ_DATA_HOME": str(tmp_path / "data"),
        "SSHQ_SSH_CONFIG": str(tmp_path / "config"),
    }
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "sshq_local", "connect", api.ticket, "--json"],
            env=environ,
            stdout=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    answers = [process.communicate(timeout=PATIENCE_SECONDS)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0, 0]
    assert len({json.loads(answer)["lease"]["id"] for answer in answers}) == 1
    assert api.requests == [("POST", "/v1/redeem")]


def test_ls_status_stop_and_what_is_left(api: Any, run: Any, tmp_path: Path) -> None:
    run("connect", api.ticket, "--no-shell")
    # Ten hours, but for what a slow machine needed.
    assert re.match(rf"{JOB}  mi-0a  9 h 5\d min left", run("ls").stdout)
    assert json.loads(run("status", JOB, "--json").stdout)["jobs"][0]["cost_so_far"] == 1.5
    assert "cost so far: ¥1.50" in run("status", JOB).stdout
    assert run("stop", "nobody").returncode == 1
    stopped = run("stop", JOB)
    assert (stopped.returncode, stopped.stdout) == (0, f"{JOB}: stopping\n")
    assert json.loads(run("ls", "--json").stdout) == {"leases": []}


def test_a_lease_that_is_over_hides_none_of_the_others(api: Any, run: Any) -> None:
    run("connect", api.ticket, "--no-shell")
    over = {"type": "urn:sshq:refusal:lease-ended", "detail": "It has ended.", "next": "-"}

    def ended(_: Any) -> Any:
        return 410, {"Content-Type": "application/problem+json"}, json.dumps(over).encode()

    for command, said in (("status", "over (its job has ended"), ("sessions", "No open")):
        api.trouble = [ended]
        done = run(command)
        assert (done.returncode, said in done.stdout) == (0, True), done.stderr
        api.trouble = [ended]
        assert run(command, JOB).returncode == 1


def test_disconnect_takes_everything_out(api: Any, run: Any, tmp_path: Path) -> None:
    run("connect", api.ticket, "--no-shell")
    done = run("disconnect")
    assert done.returncode == 0, done.stderr
    assert api.requests[-1] == ("DELETE", "/v1/leases/lease1")
    assert (tmp_path / "config").read_text() == "Host other\n  User someone\n"
    assert not (tmp_path / "data" / "ssh_config").exists()
    assert not list((tmp_path / "data" / "leases").iterdir())


def test_clean_leaves_nothing_but_what_is_not_ours(api: Any, run: Any, tmp_path: Path) -> None:
    run("connect", api.ticket, "--no-shell", "--ca-file", str(tmp_path / "config"))
    run("connect", JOB, "--no-shell", "--ca-file", str(tmp_path / "config"))
    (tmp_path / "data" / ".ssh_config.sshq-0123456789ab").write_text("of one that was killed")
    (tmp_path / "data" / "theirs").write_text("not ours")
    done = run("clean", "--json")
    assert json.loads(done.stdout) == {"jobs": [JOB], "left": ["theirs"], "errors": []}
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["theirs"]
    assert (tmp_path / "config").read_text() == "Host other\n  User someone\n"
    (tmp_path / "data" / "theirs").unlink()
    assert run("clean").returncode == 0
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("words", [["version"], []])
def test_output_that_nobody_reads_is_no_failure(words: list[str]) -> None:
    closed, writing = os.pipe()
    os.close(closed)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "sshq_local", *words],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_disconnect_works_while_the_api_is_away(api: Any, run: Any, tmp_path: Path) -> None:
    run("connect", api.ticket, "--no-shell")
    api.trouble = [lambda _: (503, {}, b"")] * 3
    done = run("disconnect", JOB)
    assert done.returncode == 3
    assert not list((tmp_path / "data" / "leases").iterdir())


def test_disconnect_says_so_when_the_api_was_not_told(api: Any, run: Any, tmp_path: Path) -> None:
    run("connect", api.ticket, "--no-shell")
    problem = {"type": "urn:sshq:refusal:clock-skew", "detail": "The clocks differ.", "next": ""}
    api.trouble = [lambda _: (401, {}, json.dumps(problem).encode())]
    done = run("disconnect")
    assert done.returncode == 1
    assert f"{JOB}: gone from this computer. The clocks differ." in done.stderr
    assert not list((tmp_path / "data" / "leases").iterdir())


def past(tmp_path: Path) -> None:
    """The lease's end passes, as far as this computer knows."""
    path = tmp_path / "data" / "leases" / "lease1" / "lease.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"expires_at": int(time.time()) - 5}))


def test_a_lease_whose_end_was_moved_is_given_back_all_the_same(
    api: Any, run: Any, tmp_path: Path
) -> None:
    run("connect", api.ticket, "--no-shell")
    past(tmp_path)
    assert run("disconnect").returncode == 0
    assert api.ended


def test_a_lease_that_is_over_is_given_back_without_a_complaint(
    api: Any, run: Any, tmp_path: Path
) -> None:
    run("connect", api.ticket, "--no-shell")
    past(tmp_path)
    api.trouble = [lambda _: (503, {}, b"")] * 3
    assert run("disconnect").returncode == 0


def test_a_lease_whose_end_was_moved_is_taken_up_by_name(
    api: Any, run: Any, tmp_path: Path
) -> None:
    run("connect", api.ticket, "--no-shell")
    past(tmp_path)
    assert run("connect", JOB, "--no-shell").returncode == 0
    api.ended = True
    past(tmp_path)
    over = run("connect", JOB, "--no-shell")
    assert over.returncode == 1
    assert "This lease has ended." in over.stderr


def test_a_ca_file_can_be_named_for_a_lease_that_is_held(
    api: Any, run: Any, tmp_path: Path
) -> None:
    run("connect", api.ticket, "--no-shell")
    for taken_up in (api.ticket, JOB):
        file = tmp_path / f"{len(taken_up)}.pem"
        file.write_text("PEM")
        assert run("connect", taken_up, "--no-shell", "--ca-file", str(file)).returncode == 0
        lease = json.loads((tmp_path / "data" / "leases" / "lease1" / "lease.json").read_text())
        assert lease["ca_file"] == str(file)
    assert run("connect", JOB, "--ca-file", str(tmp_path / "none.pem")).returncode == 2
    assert api.requests == [("POST", "/v1/redeem")]


def test_an_old_certificate_is_renewed_before_ssh_reads_it(
    api: Any, run: Any, tmp_path: Path
) -> None:
    api.certificate_life = 30
    run("connect", api.ticket, "--no-shell")
    certificate = tmp_path / "data" / "leases" / "lease1" / "id_ed25519-cert.pub"
    old = certificate.read_text()
    api.certificate_life = 3_600
    config_of(tmp_path, JOB)  # ssh itself runs `Match exec`, inheriting no environment of ours
    assert api.requests[-1] == ("POST", "/v1/leases/lease1/certificate")
    assert certificate.read_text() != old
    config_of(tmp_path, JOB)
    assert api.requests.count(("POST", "/v1/leases/lease1/certificate")) == 1


def test_the_proxy_command_tells_why_a_lease_is_over(api: Any, run: Any, tmp_path: Path) -> None:
    run("connect", api.ticket, "--no-shell")
    api.ended = True
    done = run("exec", JOB, "--json", "--", "true")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["exit_code"]) == (255, 255)
    assert answer["error"]["reason"] == "lease-ended"
    data = str(tmp_path / "data")
    proxy = run("proxy", "--data-home", data, "lease1", "0")
    assert proxy.returncode == 255
    assert "This lease has ended. Ask: /sshq connect" in proxy.stderr
    gone = run("proxy", "--data-home", data, "lease2", "0")
    assert (gone.returncode, "/sshq connect" in gone.stderr) == (255, True)


@pytest.mark.parametrize(
    "words",
    [["sync", JOB, "--once"], ["jupyter", JOB], ["forward", JOB, "1"], ["cp", "f", f"{JOB}:f"]],
)
def test_why_a_connection_failed_is_told_not_only_that_it_did(
    words: list[str], api: Any, run: Any, tmp_path: Path
) -> None:
    run("connect", api.ticket, "--no-shell")
    api.ended = True
    words = [str(tmp_path / word) if word == "f" else word for word in words]
    (tmp_path / "f").touch()
    done = run(*words, "--json")
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["reason"]) == (1, "lease-ended")
    assert error["next"] == "Ask: /sshq connect"


def test_a_data_channel_that_does_not_come_up_says_why_without_a_terminal_too(
    api: Any, run: Any
) -> None:
    run("connect", api.ticket, "--no-shell")
    done = run(
        "exec", JOB, "--json", "--", "true"
    )  # the small access API's StreamUrl leads nowhere
    error = json.loads(done.stdout)["error"]
    assert error["reason"] == "connection-lost"
    assert "StreamUrl names x" in error["what"]


def test_the_aliases_are_known_though_the_user_s_configuration_lost_the_include(
    api: Any, run: Any, tmp_path: Path
) -> None:
    run("connect", api.ticket, "--no-shell")
    (tmp_path / "config").write_text("Host other\n")  # as a tool that owns the file put it back
    api.ended = True
    done = run("exec", JOB, "--json", "--", "true")
    assert json.loads(done.stdout)["error"]["reason"] == "lease-ended"  # our ProxyCommand ran
    assert (tmp_path / "config").read_text() == "Host other\n"


def test_an_editor_s_words_are_not_in_the_json(api: Any, run: Any, tmp_path: Path) -> None:
    run("connect", api.ticket, "--no-shell")
    editor = tmp_path / "bin" / "code"
    editor.parent.mkdir()
    editor.write_text("#!/bin/sh\necho Installing the server\n")
    editor.chmod(0o755)
    done = run("code", JOB, "--json", PATH=f"{editor.parent}:{os.environ['PATH']}")
    assert json.loads(done.stdout)["opened"]
    assert "Installing the server" in done.stderr


def test_on_a_terminal_it_is_said_once_why_the_connection_failed(
    api: Any, run: Any, tmp_path: Path
) -> None:
    run("connect", api.ticket, "--no-shell")
    api.ended = True
    for words in (["exec", JOB, "--", "true"], ["connect", JOB]):
        child, terminal = pty.fork()
        if child == 0:
            environ = {
                "PATH": os.environ["PATH"],
                "SSHQ_DATA_HOME": str(tmp_path / "data"),
                "SSHQ_SSH_CONFIG": str(tmp_path / "config"),
            }
            python = [sys.executable, "-P", "-m", "sshq_local"]
            os.execve(sys.executable, [*python, *words], environ)  # noqa: S606
        assert _shown(terminal).count(b"This lease has ended.") == 1
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 255


def _shown(terminal: int) -> bytes:
    """What a terminal shows until its last program has ended."""
    shown = b""
    with contextlib.suppress(OSError):  # a terminal that nobody holds any more ends in EIO
        while block := os.read(terminal, 4096):
            shown += block
    os.close(terminal)
    return shown


def test_status_tells_times_as_this_computer_s_clock_does(api: Any, run: Any) -> None:
    run("connect", api.ticket, "--no-shell")
    said = run("status", JOB, TZ="UTC").stdout
    assert re.search(r"lease until: \w{3} \d\d:\d\d\n", said)


def test_whatever_happens_ssh_s_user_sees_a_sentence(api: Any, run: Any, tmp_path: Path) -> None:
    run("connect", api.ticket, "--no-shell")
    data = tmp_path / "data"
    proxy = ("proxy", "--data-home", str(data), "lease1", "0")
    path = data / "leases" / "lease1" / "lease.json"
    lease = path.read_text()
    path.write_text(json.dumps(json.loads(lease) | {"nodes": [1]}))
    damaged = run(*proxy)
    assert (damaged.returncode, len(damaged.stderr.splitlines())) == (255, 1)

    path.write_text(lease)
    (data / "leases.lock").mkdir()  # the machine was changed, and that can't be kept
    node = {"rank": 0, "alias": JOB, "id": "mi-9", "host_keys": [api.host_key]}
    session = {"id": "s-1", "stream_url": "wss://x", "token": "t", "node": node}
    api.trouble = [lambda _: (201, {}, json.dumps(session).encode())]
    full = run(*proxy)
    assert (full.returncode, len(full.stderr.splitlines())) == (255, 1)
    assert "leases.lock" in full.stderr


def test_a_forward_that_dies_is_not_waited_for(api: Any, run: Any, tmp_path: Path) -> None:
    run("connect", api.ticket, "--no-shell")
    port = free_port()
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\ncase $* in -V) ;; *'sh -s'*) echo port={port};; "
        "*) echo sshq: the forwards stand;; esac\n"
    )
    program.chmod(0o755)
    done = run("tensorboard", JOB, "--json", PATH=f"{program.parent}:{os.environ['PATH']}")
    assert json.loads(done.stdout)["error"]["reason"] == "forward-failed"


def test_disconnect_takes_nothing_from_under_a_lease_that_came_meanwhile(
    api: Any, run: Any, tmp_path: Path
) -> None:
    run("connect", api.ticket, "--no-shell")
    here = this_installation(
        {"SSHQ_SSH_CONFIG": str(tmp_path / "config")}, data=str(tmp_path / "data")
    )
    remove_configuration(here, LeaseStore(here.data))  # the last step of another disconnect
    assert config_of(tmp_path, JOB)["hostkeyalias"] == JOB


def test_secrets_are_in_no_output(api: Any, run: Any, tmp_path: Path) -> None:
    outputs = [run("connect", api.ticket, "--json"), run("ls", "--json"), run("status", "--json")]
    outputs += [
        run("connect", JOB, "--print"),
        run("doctor"),
        run("doctor", "--json"),
        run("pycharm", JOB),
    ]
    outputs += [
        run("code", JOB, "--json"),
        run("logs", JOB, "--debug"),
        run("status", SSHQ_LANG="zh"),
    ]
    key = (tmp_path / "data" / "leases" / "lease1" / "id_ed25519").read_text().splitlines()[2]
    for done in outputs:
        for text in (done.stdout, done.stderr):
            assert api.ticket.rpartition("/")[2] not in text
            assert key not in text


def test_a_refusal_reaches_the_terminal_though_ssh_hides_stderr(
    api: Any, run: Any, tmp_path: Path
) -> None:
    """ControlPersist gives a ProxyCommand /dev/null for stderr; here ssh has a real terminal."""
    run("connect", api.ticket, "--no-shell")
    api.ended = True
    child, terminal = pty.fork()
    if child == 0:
        os.execvp("ssh", ["ssh", "-F", str(tmp_path / "config"), JOB])  # noqa: S606
    shown = _shown(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 255
    assert b"This lease has ended. Ask: /sshq connect" in shown


@pytest.mark.parametrize("verb", ["proxy", "renew"])
def test_ctrl_c_while_ssh_connects_shows_no_traceback(verb: str, tmp_path: Path) -> None:
    """The terminal sends SIGINT to what ssh has started, too."""
    folder = tmp_path / "leases" / "lease1"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "lease.json")
    rank = ["0"] if verb == "proxy" else []
    with (
        subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-m",
                "sshq_local",
                verb,
                "--data-home",
                str(tmp_path),
                "lease1",
                *rank,
            ],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as started,
        (folder / "lease.json").open("w"),
    ):  # returns when the other side has come to read it
        started.send_signal(signal.SIGINT)
        _, said = started.communicate()
    assert (started.returncode, said) == (-signal.SIGINT, b"")


def test_a_command_that_ctrl_c_ended_has_the_shell_s_exit_code(
    api: Any, run: Any, tmp_path: Path
) -> None:
    run("connect", api.ticket, "--no-shell")
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\n[ "$1" = -V ] || kill -INT $$\n')
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    assert run("exec", JOB, "--", "true", PATH=path).returncode == 130
    answer = run("exec", JOB, "--json", "--", "true", PATH=path)
    assert (answer.returncode, json.loads(answer.stdout)["exit_code"]) == (130, 130)


def test_sessions_are_listed_and_one_is_ended(api: Any, run: Any) -> None:
    assert run("sessions").stdout == "No open connections.\n"
    run("connect", api.ticket, "--no-shell")

    assert run("sessions", JOB).stdout == f"{JOB}  s-1  since 2026-11-22T12:00:00Z\n"
    (listed,) = json.loads(run("sessions", "--json").stdout)["sessions"]
    assert (listed["job"], listed["id"], listed["node"]) == (JOB, "s-1", "mi-0a")
    ended = run("sessions", "--end", "s-1")
    assert (ended.returncode, ended.stdout) == (0, f"{JOB}: s-1 has ended.\n")
    assert api.requests[-1] == ("DELETE", "/v1/leases/lease1/sessions/s-1")
    unknown = run("sessions", "--end", "s-2")
    assert unknown.returncode == 1
    assert "no open session s-2" in unknown.stderr
