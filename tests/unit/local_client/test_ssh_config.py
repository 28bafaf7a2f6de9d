from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from sshq_local.errors import Reason, Refusal
from sshq_local.installation import Installation, data_folder, this_installation, written_for_ssh
from sshq_local.lease import Lease, Node
from sshq_local.lease_store import LeaseStore
from sshq_local.ssh_config import control_socket, proxy_command, render
from sshq_local.tunnels import Tunnel

HOME = Path("/home/al ice")
HERE = Installation(
    data=HOME / ".local/share/sshq",
    home=HOME,
    user_config=HOME / ".ssh/config",
    is_default_config=True,
    python="/opt/my py/100%/bin/python3",
    is_windows=False,
)
WINDOWS = replace(
    HERE,
    data=Path("C:/Users/Al Ice/AppData/Local/sshq"),
    home=Path("C:/Users/Al Ice"),
    python="C:\\Program Files\\Python\\python.exe",
    is_windows=True,
)
NODE = Node(0, "sshq-alice-abc", "mi-0", ("ssh-ed25519 AAAA",))
LEASE = Lease(
    id="lease1",
    api="https://a.example",
    job="sshq-alice-abc",
    owner="T1/U1",
    expires_at=10_000,
    nodes=(NODE, Node(1, "sshq-alice-abc-1", "mi-1", ("ssh-ed25519 AAAB",))),
    login_user="root",
    certificate_expires_at=3_600,
    ticket_sha256="ab" * 32,
    ca_file="",
)


def text(installation: Installation, lease: Lease = LEASE) -> str:
    return render(installation, LeaseStore(installation.data), [lease])


def test_the_proxy_command_survives_spaces_and_percent_signs() -> None:
    words = shlex.split(proxy_command(HERE, LEASE, NODE).replace("%%", "%"))
    assert words == [
        *(HERE.python, "-P", "-m", "sshq_local", "proxy"),
        *("--data-home", str(HERE.data), "lease1", "0"),
    ]
    assert "%%" in proxy_command(HERE, LEASE, NODE)


def test_the_proxy_command_on_windows_suits_both_shells() -> None:
    assert proxy_command(WINDOWS, LEASE, NODE) == (
        '"C:/Program Files/Python/python.exe" -P -m sshq_local proxy '
        '--data-home "C:/Users/Al Ice/AppData/Local/sshq" lease1 0'
    )


def test_windows_gets_home_paths_and_no_shared_connections() -> None:
    rendered = text(WINDOWS)
    assert "IdentityFile ~/AppData/Local/sshq/leases/lease1/id_ed25519\n" in rendered
    assert "Control" not in rendered


def test_a_lease_that_outlives_its_certificate_renews_it_before_ssh_reads_it() -> None:
    assert "Match originalhost sshq-alice-abc-1 exec" in text(HERE)
    assert "Match" not in text(HERE, replace(LEASE, certificate_expires_at=10_000))


def test_a_standing_tunnel_has_an_alias_that_trusts_the_machine_s_own_key() -> None:
    tunnel = Tunnel(11022, "lease1", 1)
    rendered = render(HERE, LeaseStore(HERE.data), [LEASE], [tunnel])
    block = rendered.split("Host sagemaker-training\n")[1]
    for line in ("HostName localhost", "Port 11022", "ProxyCommand none", "ControlPath none"):
        assert f"    {line}\n" in block
    assert "    HostKeyAlias sshq-alice-abc-1\n" in block
    assert "    StrictHostKeyChecking yes\n" in block
    assert Tunnel(11023, "lease1", 1).alias == "sagemaker-training-11023"
    gone = Tunnel(11022, "lease2", 0)
    assert "sagemaker-training" not in render(HERE, LeaseStore(HERE.data), [LEASE], [gone])


def test_a_socket_path_too_long_for_the_system_is_left_out() -> None:
    assert control_socket(HERE, LEASE, NODE) is not None
    far = replace(HERE, data=HOME / ("x" * 60))
    assert control_socket(far, LEASE, NODE) is None
    assert "Control" not in text(far)


def test_a_macos_data_folder_still_has_room_for_a_socket() -> None:
    home = Path("/Users/firstname.lastname")
    mac = replace(HERE, home=home, data=data_folder({}, "darwin", home))
    assert control_socket(mac, LEASE, NODE) is not None
    assert '"~/Library/Application Support/sshq/leases/lease1/known_hosts"' in text(mac)


@pytest.mark.parametrize("name", ['a"b', "a*", "a[1]", "a%h", "a$HOME", "a\\b", "a\nb"])
def test_a_folder_that_ssh_would_misread_is_refused(name: str) -> None:
    with pytest.raises(Refusal) as refused:
        written_for_ssh(Path("/data") / name, HOME)
    assert refused.value.reason == Reason.BAD_DATA_FOLDER


@pytest.mark.parametrize(
    ("environ", "platform", "folder"),
    [
        ({}, "linux", "/h/.local/share/sshq"),
        ({"XDG_DATA_HOME": "/x"}, "linux", "/x/sshq"),
        ({}, "darwin", "/h/Library/Application Support/sshq"),
        ({"LOCALAPPDATA": "/l"}, "win32", "/l/sshq"),
        ({}, "win32", "/h/AppData/Local/sshq"),
        ({"SSHQ_DATA_HOME": "/d", "XDG_DATA_HOME": "/x"}, "linux", "/d"),
    ],
)
def test_each_platform_has_its_place(environ: dict[str, str], platform: str, folder: str) -> None:
    assert data_folder(environ, platform, Path("/h")) == Path(folder)


def test_another_configuration_can_be_named() -> None:
    named = this_installation({"SSHQ_SSH_CONFIG": "/c", "SSHQ_DATA_HOME": "/d"})
    assert (named.user_config, named.data, named.is_default_config) == (
        Path("/c"),
        Path("/d"),
        False,
    )
    assert this_installation({}).is_default_config


@pytest.mark.parametrize("home", ["/home/100%home", "/home/[x]"])
def test_a_home_that_ssh_would_expand_behind_the_tilde_is_refused(home: str) -> None:
    """`UserKnownHostsFile ~/x` is %-expanded once the ~ is a folder, and an Include is globbed."""
    with pytest.raises(Refusal) as refused:
        written_for_ssh(Path(home) / "sshq", Path(home))
    assert refused.value.reason == Reason.BAD_DATA_FOLDER
    assert home in refused.value.what


def test_an_include_s_tilde_is_sure_only_where_home_is_home() -> None:
    home = str(this_installation({}, platform="linux").home)
    assert this_installation({}, platform="linux").tilde_is_home
    assert this_installation({"HOME": home}, platform="linux").tilde_is_home
    assert not this_installation({"HOME": "/elsewhere"}, platform="linux").tilde_is_home
