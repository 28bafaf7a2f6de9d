"""Fingerprints of public keys: as ssh-keygen shows them, and as the table keeps them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from sshq.domain.keys import key_fingerprint, shown_fingerprint

if TYPE_CHECKING:
    from pathlib import Path

LINE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEZvpKyRmNDGcxhrQ3dUvbSXKUgM0R8P4rzRKbnuL+5w"


def test_it_is_what_ssh_keygen_shows(tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = key.with_suffix(".pub")
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(public)], check=True, capture_output=True, text=True
    )

    assert shown_fingerprint(public.read_text()) in shown.stdout


@pytest.mark.parametrize("line", ["", "ssh-ed25519", "ssh-ed25519 not-base64!"])
def test_what_is_no_key_has_none(line: str) -> None:
    assert shown_fingerprint(line) == "?"


def test_a_comment_makes_no_other_key() -> None:
    assert key_fingerprint(f"{LINE} alice@laptop") == key_fingerprint(f"{LINE}\n")
    assert key_fingerprint(LINE) != key_fingerprint(LINE.replace("5w", "5x"))
