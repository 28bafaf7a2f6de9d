"""Detached OpenPGP signatures, as far as AWS uses them: version 4, RSA, SHA-2 (RFC 9580)."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY_PACKET = 6
_SIGNATURE_PACKET = 2
_RSA = frozenset({1, 3})
_OF_A_FILE = 0
_HASHES = {
    8: (hashlib.sha256, hashes.SHA256()),
    9: (hashlib.sha384, hashes.SHA384()),
    10: (hashlib.sha512, hashes.SHA512()),
}
_ARMOUR = re.compile(
    r"-----BEGIN PGP PUBLIC KEY BLOCK-----\n(?:[^\n]+: [^\n]*\n)*\n([A-Za-z0-9+/=\n]+?)"
    r"(?:\n=[A-Za-z0-9+/]{4})?\n-----END PGP PUBLIC KEY BLOCK-----"
)


class UntrustedError(ValueError):
    """The signature doesn't show that one of the trusted keys signed the file."""


@dataclass(frozen=True)
class PublicKey:
    """An RSA key; the fingerprint is 40 upper-case hexadecimal digits."""

    fingerprint: str
    numbers: rsa.RSAPublicNumbers


def public_keys(text: str) -> list[PublicKey]:
    """The primary keys of all armoured blocks in a text."""
    found = []
    for block in _ARMOUR.findall(text):
        for tag, body in _packets(base64.b64decode(block)):
            if tag == _KEY_PACKET and body[0] == 4 and body[5] in _RSA:
                modulus, rest = _number(body[6:])
                exponent, _ = _number(rest)
                framed = b"\x99" + len(body).to_bytes(2, "big") + body
                fingerprint = hashlib.sha1(framed, usedforsecurity=False).hexdigest().upper()
                found.append(PublicKey(fingerprint, rsa.RSAPublicNumbers(exponent, modulus)))
    return found


def signer_of(content: bytes, signature: bytes, trusted: list[PublicKey]) -> str:
    """The fingerprint of the trusted key that signed the content; else UntrustedError says why not."""
    try:
        for tag, body in _packets(signature):
            if tag == _SIGNATURE_PACKET:
                return _checked(content, body, trusted)
    except IndexError:
        pass
    raise UntrustedError("the signature can't be read")


def _checked(content: bytes, packet: bytes, trusted: list[PublicKey]) -> str:
    version, kind, algorithm, hash_id = (packet[at] for at in range(4))
    if version != 4 or kind != _OF_A_FILE or algorithm not in _RSA or hash_id not in _HASHES:
        raise UntrustedError("the signature is of a kind that isn't accepted")
    hashed_end = 6 + int.from_bytes(packet[4:6], "big")
    unhashed_end = hashed_end + 2 + int.from_bytes(packet[hashed_end : hashed_end + 2], "big")
    value, _ = _number(packet[unhashed_end + 2 :])
    digest, algorithm_name = _HASHES[hash_id]
    hashed = digest(content)
    hashed.update(packet[:hashed_end] + b"\x04\xff" + hashed_end.to_bytes(4, "big"))
    for key in trusted:
        public = key.numbers.public_key()
        size = (public.key_size + 7) // 8
        if value.bit_length() > size * 8:
            continue
        try:
            public.verify(
                value.to_bytes(size, "big"),
                hashed.digest(),
                padding.PKCS1v15(),
                utils.Prehashed(algorithm_name),
            )
        except InvalidSignature:
            continue
        return key.fingerprint
    raise UntrustedError("the signature is by none of the trusted keys, or the file was changed")


def _packets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, body) of each packet, in the old and the new format of headers. IndexError: cut short."""
    while data:
        head, data = data[0], data[1:]
        if head & 0x40:
            tag, (length, data) = head & 0x3F, _new_length(data)
        else:
            tag, size = head >> 2 & 0x0F, 1 << (head & 0x03)
            length, data = int.from_bytes(data[:size], "big"), data[size:]
        if not head & 0x80 or length > len(data):
            raise IndexError
        yield tag, data[:length]
        data = data[length:]


def _new_length(data: bytes) -> tuple[int, bytes]:
    first = data[0]
    if first < 192:
        return first, data[1:]
    if first < 224:
        return ((first - 192) << 8) + data[1] + 192, data[2:]
    return int.from_bytes(data[1:5], "big"), data[5:]


def _number(data: bytes) -> tuple[int, bytes]:
    """A multiprecision integer: two bytes of bit length, then its bytes."""
    size = (int.from_bytes(data[:2], "big") + 7) // 8
    if len(data) < 2 + size:
        raise IndexError
    return int.from_bytes(data[2 : 2 + size], "big"), data[2 + size :]
