"""OpenSSH's own reading of the configuration is the oracle for what the Include may change."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sshq_local.errors import Reason, Refusal
from sshq_local.installation import Installation
from sshq_local.ssh_config import own_config
from sshq_local.ssh_include import has_include, include_line, install_include, remove_include

if TYPE_CHECKING:
    from pathlib import Path

SSH = shutil.which("ssh") or ""
EXAMPLES = int(os.environ.get("SSHQ_INCLUDE_EXAMPLES", "60"))
OURS = "Host sshq-job\n  User root\n  HostKeyAlias sshq-job\n  ServerAliveInterval 30\n"

LINES = st.one_of(
    st.sampled_from(
        [
            "Host *",
            "Host sshq-job",
            "Host example !other",
            "Match all",
            "Match user nobody",
            "Match final host example",
            "  User someone",
            "  HostKeyAlias theirs",
            "  ServerAliveInterval 5",
            "\tPort=2200",
            "  IdentityFile ~/.ssh/id_other",
            "Include /nowhere/*.conf",
            "# a comment",
            "",
            "  ProxyJump bastion",
            '  LocalForward 8080 "localhost:80"',
            "Bogus option",
        ]
    ),
    st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=20),
)
CONFIGS = st.tuples(
    st.lists(LINES, max_size=12), st.sampled_from(["\n", "\r\n"]), st.booleans()
).map(lambda parts: (parts[1].join(parts[0]) + (parts[1] if parts[2] else "")).encode())


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return installation(tmp_path)


def installation(folder: Path) -> Installation:
    data = folder / "my data"
    data.mkdir()
    made = Installation(
        data=data,
        home=folder / "home",
        user_config=folder / "config",
        is_default_config=False,
        python=sys.executable,
        is_windows=False,
    )
    own_config(made).write_text(OURS)
    own_config(made).chmod(0o600)
    return made


def read_by_ssh(config: Path, host: str, **environ: str) -> tuple[int, str]:
    done = subprocess.run(
        [SSH, "-G", "-F", str(config), host],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environ,
    )
    return done.returncode, done.stdout


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(CONFIGS)
def test_ssh_reads_other_hosts_as_before_and_ours_first(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    here = installation(tmp_path_factory.mktemp("config"))
    here.user_config.write_bytes(content)
    before = read_by_ssh(here.user_config, "example")
    install_include(here)
    assert read_by_ssh(here.user_config, "example") == before
    code, ours = read_by_ssh(here.user_config, "sshq-job")
    if before[0] == 0 and code == 0:
        for value in ("user root", "hostkeyalias sshq-job", "serveraliveinterval 30"):
            assert f"\n{value}\n" in f"\n{ours}"
    remove_include(here)
    assert here.user_config.read_bytes() == content


def test_mode_symlink_and_backup_are_kept(here: Installation, tmp_path: Path) -> None:
    dotfiles = tmp_path / "dotfiles"
    dotfiles.write_bytes(b"Host a\n")
    dotfiles.chmod(0o640)
    here.user_config.symlink_to(dotfiles)
    assert install_include(here)
    assert not install_include(here)
    assert here.user_config.is_symlink()
    assert dotfiles.stat().st_mode & 0o777 == 0o640
    assert dotfiles.read_text() == f"{include_line(here)}\nHost a\n"
    assert [path.read_bytes() for path in (here.data / "backups").iterdir()] == [b"Host a\n"]


def test_a_missing_file_is_made_private(here: Installation) -> None:
    assert install_include(here)
    assert here.user_config.stat().st_mode & 0o777 == 0o600


def test_a_place_that_can_not_be_written_is_a_refusal(here: Installation, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    here.user_config.symlink_to(tmp_path / "file" / "config")
    with pytest.raises(Refusal) as refused:
        install_include(here)
    assert refused.value.reason == Reason.SSH_CONFIG_LOCKED
    assert include_line(here) in refused.value.next_step


CHANGER = """
import sys
from pathlib import Path
from sshq_local.installation import Installation
from sshq_local.ssh_include import install_include, remove_include
folder = Path(sys.argv[1])
here = Installation(folder / "my data", folder / "home", folder / "config", False, "", False)
print("ready", flush=True)
while True:
    install_include(here)
    remove_include(here)
"""


def test_killed_at_any_moment_and_by_many_the_file_is_whole(here: Installation) -> None:
    """Four processes change it over and over; each is killed -9 in the middle of that."""
    original = b"".join(b"Host h%d\n  User u%d\n" % (n, n) for n in range(2000))
    line = include_line(here).encode()
    here.user_config.write_bytes(original)
    allowed = {original, line + b"\n" + original}
    folder = str(here.user_config.parent)
    seen: set[bytes] = set()
    for _ in range(4):
        changers = [
            subprocess.Popen([sys.executable, "-c", CHANGER, folder], stdout=subprocess.PIPE)
            for _ in range(4)
        ]
        try:
            for changer in changers:
                assert changer.stdout is not None
                changer.stdout.readline()
            for changer in changers:
                for _ in range(25):
                    seen.add(here.user_config.read_bytes())
                changer.kill()
                assert here.user_config.read_bytes() in allowed
        finally:
            for changer in changers:
                changer.kill()
                changer.communicate()
    assert seen <= allowed
    # Nobody's death holds the lock.
    install_include(here)
    assert here.user_config.read_bytes() == line + b"\n" + original
    assert {path.name for path in here.user_config.parent.iterdir()} == {"config", "my data"}


def test_another_home_in_the_environment_leads_ssh_to_our_file_all_the_same(tmp_path: Path) -> None:
    """ssh reads ~/.ssh/config by the passwd database, and an Include's `~` by $HOME."""
    (tmp_path / "home").mkdir()
    usual = replace(installation(tmp_path / "home"), home=tmp_path / "home")
    install_include(usual)
    assert include_line(usual) == 'Include "~/my data/ssh_config"'
    alias = "hostkeyalias sshq-job"
    at_home = read_by_ssh(usual.user_config, "sshq-job", HOME=str(usual.home))[1]
    away = read_by_ssh(usual.user_config, "sshq-job", HOME="/nowhere")[1]
    assert (alias in at_home, alias in away) == (True, False)

    elsewhere = replace(usual, tilde_is_home=False)
    assert not has_include(elsewhere)
    install_include(elsewhere)
    assert alias in read_by_ssh(usual.user_config, "sshq-job", HOME="/nowhere")[1]
    assert usual.user_config.read_text().count("Include") == 1
    remove_include(usual)
    assert usual.user_config.read_text() == ""
