"""Key, certificate and pinned host key as connect writes them, against OpenSSH's real sshd.

sshd runs in its inetd mode as the ProxyCommand: the way there is tested elsewhere, what passes over
it is tested here.
"""

from __future__ import annotations

import getpass
import os
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from sshq_local.keys import generate_key, private_key_file, public_key_line
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
JOB = "sshq-alice-gpu-abcdefgh"

pytestmark = [
    pytest.mark.sshd,
    pytest.mark.skipif(SSHD is None, reason="OpenSSH's sshd is not installed"),
]


def sshd_command(
    folder: Path, *, host_key: Ed25519PrivateKey, ca: Ed25519PrivateKey, principal: str
) -> str:
    folder.mkdir(mode=0o700)
    (folder / "host_key").write_bytes(private_key_file(host_key))
    (folder / "host_key").chmod(0o600)
    (folder / "ca.pub").write_text(public_key_line(ca) + "\n")
    (folder / "principals").write_text(principal + "\n")
    (folder / "sshd_config").write_text(
        f"HostKey {folder}/host_key\n"
        f"TrustedUserCAKeys {folder}/ca.pub\n"
        f"AuthorizedPrincipalsFile {folder}/principals\n"
        "AuthorizedKeysFile none\nPermitRootLogin prohibit-password\nPasswordAuthentication no\n"
        "StrictModes no\nUsePAM no\nPidFile none\n"
    )
    return shlex.join([str(SSHD), "-i", "-f", str(folder / "sshd_config")])


@pytest.fixture
def connected(api: Any, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Connect for real, then run ssh to a sshd with the given differences."""
    host_key = generate_key()
    api.host_key = public_key_line(host_key)
    api.login_user = getpass.getuser()
    environ = {
        "PATH": os.environ["PATH"],
        "SSHQ_DATA_HOME": str(tmp_path / "data"),
        "SSHQ_SSH_CONFIG": str(tmp_path / "config"),
        # Which sshq-local is tested: scripts/mutate_rules.py has one of its own.
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
    }

    def run(
        *, host: Ed25519PrivateKey = host_key, ca: Ed25519PrivateKey = api.ca, principal: str = JOB
    ) -> subprocess.CompletedProcess[str]:
        made = subprocess.run(
            [sys.executable, "-P", "-m", "sshq_local", "connect", api.ticket, "--print"],
            env=environ,
            capture_output=True,
            text=True,
            check=True,
        )
        server = sshd_command(tmp_path / "sshd", host_key=host, ca=ca, principal=principal)
        ssh, *arguments = shlex.split(made.stdout)
        return subprocess.run(
            [
                *(ssh, "-o", f"ProxyCommand={server}", "-o", "ControlMaster=no", "-o"),
                *("BatchMode=yes", *arguments, "echo hello from the job"),
            ],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE_SECONDS,
        )

    return run


def test_the_lease_opens_the_job(connected: Any) -> None:
    done = connected()
    assert (done.returncode, done.stdout) == (0, "hello from the job\n"), done.stderr


def test_a_machine_with_another_host_key_is_refused(connected: Any) -> None:
    done = connected(host=generate_key())
    assert done.returncode == 255
    assert "Host key verification failed" in done.stderr


@pytest.mark.parametrize("difference", ["ca", "principal", "expired"])
def test_a_certificate_is_for_one_job_one_ca_and_a_time(
    connected: Any, api: Any, difference: str
) -> None:
    if difference == "expired":
        api.certificate_life = -30
        api.lease_life = 30  # no longer than the certificate would be: nothing to renew
        done = connected()
    elif difference == "ca":
        done = connected(ca=generate_key())
    else:
        done = connected(principal="sshq-bob-gpu-abcdefgh")
    assert done.returncode == 255
    assert "Permission denied" in done.stderr
