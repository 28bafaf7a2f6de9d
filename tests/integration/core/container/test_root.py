"""As a container's first process, in a root file system without bash or Python, with no network."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.root_container import (
    ACTIVATION_CODE,
    RootContainer,
    busybox_root,
    installed_wheels,
    python_root,
)
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.ssh_authority import Authority


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("root file systems and namespaces need root, on Linux")
    for program in ("unshare", "nsenter", "busybox", "/usr/sbin/sshd"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} isn't installed")
    return busybox_root(tmp_path_factory.mktemp("image") / "root")


@pytest.fixture
def make(
    root: Path, tmp_path: Path, authority: Authority
) -> Iterator[Callable[..., RootContainer]]:
    made: list[RootContainer] = []

    def start(**options: Any) -> RootContainer:
        container = RootContainer(root, tmp_path, authority, **options)
        made.append(container)
        container.start()
        return container

    yield start
    for container in made:
        container.close()


def test_a_bare_image_is_entered_with_no_network_and_the_pinned_agent(
    make: Callable[..., RootContainer], authority: Authority, tmp_path: Path
) -> None:
    container = make(environment={"GREETING": 'it\'s "so"'})
    container.ready()

    answer = container.ssh(
        authority.identity(tmp_path / "alice", "the-job"),
        'id -un; echo "$GREETING"; command -v bash python3 apk apt-get; ls /sys/class/net; tty; exit 5',
    )

    assert answer.returncode == 5, answer.stderr
    assert answer.stdout.splitlines()[:2] == ["root", 'it\'s "so"']
    assert container.records("agent")[0]["code"] == "mirrored"
    assert container.records("probe")[0]["facts"]["package_manager"] == "none"
    # Root's password was locked; only a container's own first process may unlock it.
    assert container.inside("/bin/grep", "^root", "/etc/shadow").stdout.startswith("root:*:")
    # The user's boto3 keeps the job role: nothing that it would rather read has appeared.
    assert container.inside("/bin/ls", "-A", "/root").stdout == ""
    container.terminate()
    assert container.wait() == 0


def test_the_users_command_gives_the_job_its_exit_code(make: Callable[..., RootContainer]) -> None:
    container = make(shape={"command": "echo it runs; exit 3"})

    assert container.wait() == 3
    assert "it runs" in container.output
    assert container.records("end")[-1]["facts"] == {"exit_code": 3}


def test_sigterm_reaches_the_users_command_with_time_to_save(
    make: Callable[..., RootContainer],
) -> None:
    saving = "trap 'sleep 1; echo saved; exit 7' TERM; echo up; while :; do sleep 0.1; done"
    container = make(shape={"command": saving})
    until(lambda: "\nup\n" in container.output)

    container.terminate()

    assert container.wait() == 7
    assert "\nsaved\n" in container.output


def test_nothing_secret_is_told_or_left(make: Callable[..., RootContainer]) -> None:
    container = make(environment={"TOKEN": "canary-user-value"})
    container.ready()

    files = container.inside("/bin/grep", "-r", "-l", ACTIVATION_CODE, "/opt", "/etc", "/root")
    processes = container.inside("/bin/sh", "-c", "cat /proc/[0-9]*/cmdline")

    assert files.stdout == ""
    for canary in (ACTIVATION_CODE, "canary-user-value", "canary-platform-secret"):
        assert canary not in container.output
        assert canary not in processes.stdout


def test_what_is_killed_comes_back(
    make: Callable[..., RootContainer], authority: Authority, tmp_path: Path
) -> None:
    container = make()
    container.ready()
    services = [container.ml / f"sshq/{name}.kept" for name in ("sshd", "agent")]
    first = [service.read_text().strip() for service in services]

    container.inside("/bin/kill", "-9", *first)

    until(
        lambda: not {service.read_text().strip() for service in services}.intersection({"", *first})
    )
    identity = authority.identity(tmp_path / "alice", "the-job")
    assert until(lambda: container.ssh(identity, "true").returncode == 0)


@pytest.mark.usefixtures("root")  # what it needs of the machine
def test_an_image_without_an_ssh_server_runs_its_command_all_the_same(
    tmp_path: Path, authority: Authority
) -> None:
    bare = busybox_root(tmp_path / "bare", sshd=False)
    command = "echo it runs; while [ ! -e /go ]; do sleep 0.1; done; exit 4"
    container = RootContainer(bare, tmp_path, authority, shape={"command": command})
    container.start()
    (ready,) = until(lambda: container.records("ready"))

    assert (ready["result"], ready["facts"]) == ("failed", {"fail_mode": "run"})
    assert container.records("sshd")[0]["code"] == "no_sshd"
    container.inside("/bin/touch", "/go")
    assert container.wait() == 4
    assert "it runs" in container.output


@pytest.mark.usefixtures("root")
def test_an_image_with_python_alone_gets_the_server_in_python(
    tmp_path: Path, authority: Authority
) -> None:
    """Offline, from the packages that were pinned with the agent; the same certificates count."""
    container = RootContainer(
        python_root(tmp_path / "python"),
        tmp_path,
        authority,
        wheels=installed_wheels(tmp_path / "wheels"),
    )
    container.start()
    try:
        container.ready()

        alice = authority.identity(tmp_path / "alice", "the-job")
        answer = container.ssh(alice, "id -un; command -v sshd; exit 5")
        bob = container.ssh(authority.identity(tmp_path / "bob", "another-job"), "true")

        assert container.records("sshd")[0]["code"] == "asyncssh"
        assert container.records("sshd")[0]["facts"]["server"].startswith("AsyncSSH_")
        assert (answer.returncode, answer.stdout) == (5, "root\n"), answer.stderr
        assert "Permission denied (publickey)" in bob.stderr
        container.terminate()
        assert container.wait() == 0
    finally:
        container.close()
