"""Windows, by injecting the platform: OpenSSH for Windows and Git's, paths with spaces, no shell."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import cast

import pytest

import sshq_local
from sshq_local.installation import Installation, data_folder, this_installation, written_for_ssh
from sshq_local.lease import Lease, Node
from sshq_local.lease_store import LeaseStore
from sshq_local.leased import plain_ssh_command, typed
from sshq_local.ssh_client import SshClient, parse_version
from sshq_local.ssh_config import proxy_command, render
from sshq_local.ssh_include import include_line, with_line_first, without_line

HOME = cast("Path", PureWindowsPath(r"C:\Users\Ann Lee"))
HERE = Installation(
    data=HOME / "AppData/Local/sshq",
    home=HOME,
    user_config=HOME / ".ssh/config",
    is_default_config=True,
    python=r"C:\Program Files\Python313\python.exe",
    is_windows=True,
)
PLAIN = replace(
    HERE,
    data=cast("Path", PureWindowsPath(r"D:\sshq")),
    python=r"C:\Python313\python.exe",
)
NODE = Node(0, "sshq-ann-gpu", "mi-0", ("ssh-ed25519 AAAA",))
LEASE = Lease(
    id="lease1",
    api="https://a.example",
    job="sshq-ann-gpu",
    owner="T1/U1",
    expires_at=10_000,
    nodes=(NODE,),
    login_user="root",
    certificate_expires_at=10_000,
    ticket_sha256="ab" * 32,
    ca_file="",
)


def block(installation: Installation, lease: Lease = LEASE) -> dict[str, str]:
    rendered = render(installation, LeaseStore(installation.data), [lease])
    lines = [line.strip() for line in rendered.splitlines() if line.startswith("    ")]
    return dict(line.split(" ", 1) for line in lines)


def test_no_path_has_a_backslash_and_those_with_spaces_are_quoted() -> None:
    options = block(HERE)
    assert "\\" not in render(HERE, LeaseStore(HERE.data), [LEASE])
    # ~/ is what both of Windows's ssh call absolute; its folder has no space behind it.
    assert options["IdentityFile"] == "~/AppData/Local/sshq/leases/lease1/id_ed25519"
    assert block(PLAIN)["IdentityFile"] == "D:/sshq/leases/lease1/id_ed25519"
    spaced = replace(HERE, data=cast("Path", PureWindowsPath(r"D:\my data\sshq")))
    assert block(spaced)["UserKnownHostsFile"] == '"D:/my data/sshq/leases/lease1/known_hosts"'


def test_the_proxy_command_is_words_not_a_shell_s_line() -> None:
    assert block(HERE)["ProxyCommand"] == (
        '"C:/Program Files/Python313/python.exe" -P -m sshq_local proxy '
        '--data-home "C:/Users/Ann Lee/AppData/Local/sshq" lease1 0'
    )
    plain = proxy_command(PLAIN, LEASE, NODE)
    assert plain.startswith("C:/Python313/python.exe -P -m sshq_local proxy --data-home D:/sshq ")
    assert not set("'`$;&|<>") & set(plain)


def test_a_certificate_is_renewed_though_paths_have_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """`Match exec "…"` can nest no double quotes: Windows's short names have no spaces."""
    soon = replace(LEASE, certificate_expires_at=3_600)
    assert "Match" not in render(HERE, LeaseStore(HERE.data), [soon])  # a disk without short names
    short = {
        HERE.python: r"C:\PROGRA~1\PYTHON~1\python.exe",
        str(HERE.data): r"C:\Users\ANNLEE~1\sshq",
    }
    monkeypatch.setattr("sshq_local.ssh_config.short_path", short.__getitem__)
    rendered = render(HERE, LeaseStore(HERE.data), [soon])
    assert (
        'Match originalhost sshq-ann-gpu exec "C:/PROGRA~1/PYTHON~1/python.exe -P -m sshq_local renew '
        '--data-home C:/Users/ANNLEE~1/sshq lease1"\n'
    ) in rendered


def test_there_are_no_shared_connections() -> None:
    assert "ControlMaster" not in block(HERE)
    assert "ControlPath" not in block(HERE)


def test_the_include_is_read_by_both_ssh_and_keeps_the_file_s_line_ends() -> None:
    line = include_line(HERE)
    assert line == "Include ~/AppData/Local/sshq/ssh_config"
    theirs = b"Host a\r\n  User b\r\n"
    changed = with_line_first(theirs, line.encode())
    assert changed == line.encode() + b"\r\n" + theirs
    assert without_line(changed, line.encode()) == theirs


def test_the_data_folder_is_windows_s_own() -> None:
    environ = {"LOCALAPPDATA": r"C:\Users\Ann Lee\AppData\Local", "USERPROFILE": str(HOME)}
    assert str(data_folder(environ, "win32", HOME)).replace("\\", "/").endswith("Local/sshq")


def test_the_platform_is_passed_in() -> None:
    environ = {"USERPROFILE": "/users/ann", "LOCALAPPDATA": "/users/ann/local"}
    here = this_installation(environ, platform="win32")
    assert here.is_windows
    assert here.home == Path("/users/ann")
    assert here.data == Path("/users/ann/local/sshq")


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("OpenSSH_for_Windows_9.5p1, LibreSSL 3.8.2", (9, 5)),
        ("OpenSSH_for_Windows_7.7p1, LibreSSL 2.6.5", (7, 7)),
        ("OpenSSH_10.0p2, OpenSSL 3.5.0 8 Apr 2025", (10, 0)),
        ("OpenSSH_7.2p2 Ubuntu-4ubuntu2.10", (7, 2)),
        ("SomethingElse 1.0", None),
    ],
)
def test_the_version_of_either_ssh_is_read(said: str, version: tuple[int, int] | None) -> None:
    assert parse_version(said) == version


def test_what_is_printed_can_be_pasted_into_cmd_and_powershell() -> None:
    ssh = SshClient(r"C:\Program Files\Git\usr\bin\ssh.exe", "OpenSSH_9.8p1")
    command = (*plain_ssh_command(HERE, ssh), NODE.alias, "nvidia-smi -L")
    assert typed(command, is_windows=True) == (
        r'"C:\Program Files\Git\usr\bin\ssh.exe" sshq-ann-gpu "nvidia-smi -L"'
    )


def test_a_path_that_git_s_ssh_would_unquote_is_refused() -> None:
    with pytest.raises(Exception, match="characters"):
        written_for_ssh(cast("Path", PureWindowsPath(r"C:\Users\a%b\x")), HOME)


def test_nothing_here_starts_a_shell() -> None:
    """No shell=True, no os.system, and no shell's name as the program that is run on this computer."""
    for source in sorted(Path(str(sshq_local.__file__)).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            assert called not in {"os.system", "os.popen"}, source
            for keyword in node.keywords:
                assert keyword.arg != "shell", source
            first = node.args[0] if node.args else None
            if called.startswith("subprocess.") and isinstance(first, ast.List | ast.Tuple):
                program = ast.unparse(first.elts[0]) if first.elts else ""
                shells = {"'sh'", "'bash'", "'cmd'", "'powershell'", "'pwsh'"}
                assert program not in shells, source
