"""Signatures by GnuPG itself, and AWS's own key: only an untouched file by a trusted key passes."""

from __future__ import annotations

import base64
import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq.adapters.agent_mirror import aws_keys
from sshq.domain.openpgp import UntrustedError, public_keys, signer_of

# Made once with GnuPG 2.2 (docs in the file): keys, and signatures over CONTENT.
VECTORS = Path(__file__).with_name("openpgp_vectors.txt").read_text(encoding="utf-8")
CONTENT = b"amazon-ssm-agent\n"
KEYS = public_keys(VECTORS)
TRUSTED = [KEYS[0]]


def signature(name: str) -> bytes:
    return base64.b64decode(VECTORS.partition(f"signature {name}:\n")[2].partition("\n\n")[0])


SIGNATURE = signature("sha256")


def test_awss_key_is_the_one_whose_fingerprint_aws_publishes() -> None:
    assert [key.fingerprint for key in aws_keys()] == ["4855A9E6833216D6A77D8FE451A8E050D0052E5D"]


@pytest.mark.parametrize("name", ["sha256", "sha512"])
def test_the_signer_of_an_untouched_file_is_told(name: str) -> None:
    assert signer_of(CONTENT, signature(name), [KEYS[1], KEYS[0]]) == KEYS[0].fingerprint


@pytest.mark.parametrize(
    ("content", "made", "trusted"),
    [
        (CONTENT + b"x", SIGNATURE, TRUSTED),
        (CONTENT, signature("by another key"), TRUSTED),
        (CONTENT, signature("sha1"), TRUSTED),
        (CONTENT, SIGNATURE, []),
        (CONTENT, b"", TRUSTED),
        (CONTENT, SIGNATURE[:100], TRUSTED),
    ],
    ids=["changed", "another key", "SHA-1", "nobody trusted", "empty", "cut short"],
)
def test_anything_else_is_refused(content: bytes, made: bytes, trusted: list[object]) -> None:
    with pytest.raises(UntrustedError):
        signer_of(content, made, trusted)  # type: ignore[arg-type]


@given(st.integers(0, len(SIGNATURE) - 1), st.integers(1, 255))
def test_a_changed_byte_never_makes_somebody_else_the_signer(at: int, change: int) -> None:
    """Bytes that aren't part of what is signed may change; the signer stays the same then."""
    changed = bytearray(SIGNATURE)
    changed[at] ^= change
    with contextlib.suppress(UntrustedError):
        assert signer_of(CONTENT, bytes(changed), KEYS) == KEYS[0].fingerprint


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    with pytest.raises(UntrustedError):
        signer_of(CONTENT, data, TRUSTED)
