"""Names: those that parts get, and those that a machine may not invent."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from sshq_local.copying.sftp import Sftp
from sshq_local.copying.tree import part_of, remote_tree
from sshq_local.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("file", ".file.sshq-part"),
        ("/a/b/file", "/a/b/.file.sshq-part"),
        ("a/" + "é" * 127, "a/." + "é" * 122 + ".sshq-part"),
    ],
)
def test_a_part_lies_beside_its_file(path: str, part: str) -> None:
    assert part_of(path) == part
    assert len(part.rpartition("/")[2].encode()) <= 255


class Machine:
    """Answers as a server with one folder of these names would."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)
        self._out = bytearray()

    def receive(self, most: int) -> bytes:
        part = bytes(self._out[:most])
        del self._out[:most]
        return part

    def send(self, data: bytes) -> None:
        kind, request = data[4], data[5:9]
        folder = struct.pack(">II", 4, 0o040755)
        if kind == 1:
            self._answer(2, struct.pack(">I", 3))
        elif kind == 17:
            self._answer(105, request + folder)
        elif kind == 11:
            self._answer(102, request + struct.pack(">I", 1) + b"h")
        elif kind == 12 and self._names:
            listed = b"".join(
                struct.pack(">I", len(name.encode()))
                + name.encode()
                + bytes(4)
                + struct.pack(">II", 4, 0o100644)
                for name in self._names
            )
            self._answer(104, request + struct.pack(">I", len(self._names)) + listed)
            self._names.clear()
        else:
            self._answer(101, request + struct.pack(">I", 1 if kind == 12 else 0) + bytes(8))

    def _answer(self, kind: int, body: bytes) -> None:
        self._out += struct.pack(">IB", len(body) + 1, kind) + body


def listed(*names: str, for_windows: bool = False) -> tuple[list[str], tuple[str, ...]]:
    machine = Machine(names)
    client = Sftp(machine.receive, machine.send)
    client.start()
    tree = remote_tree(client, "root", for_windows=for_windows)
    return [file.path for file in tree.files], tree.left_out


def test_a_folder_s_own_names_are_passed_over() -> None:
    assert listed(".", "..", "b", "a") == (["a", "b"], ())


@pytest.mark.parametrize("name", ["../../.ssh/authorized_keys", "/etc/passwd", "a/b", "", "x\0y"])
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(Refusal, match="no file system has"):
        listed("fine", name)


def test_what_windows_cannot_hold_is_left_out_there() -> None:
    assert listed("a", "b:c", "..\\d", for_windows=True) == (["a"], ("b:c", "..\\d"))
