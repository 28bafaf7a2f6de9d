"""What changed in a folder, and the batch that sends it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sshq_local.syncing.sending import sftp_puts
from sshq_local.syncing.tree import NOT_SENT, changes, scan

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path in ("a.py", "pkg/b.py", "pkg/deep/c d.py", ".git/HEAD", "pkg/__pycache__/b.pyc"):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(path)
    return tmp_path


def test_what_belongs_to_this_computer_stays_here(root: Path) -> None:
    assert sorted(scan(root, NOT_SENT)) == ["a.py", "pkg/b.py", "pkg/deep/c d.py"]
    assert sorted(scan(root, (*NOT_SENT, "pkg/deep/*"))) == ["a.py", "pkg/b.py"]
    assert sorted(scan(root, (*NOT_SENT, "b.py"))) == ["a.py", "pkg/deep/c d.py"]


def test_changed_new_and_gone(root: Path) -> None:
    before = scan(root, NOT_SENT)
    assert not changes(before, before)
    (root / "a.py").write_text("longer than it was")
    (root / "new").write_text("")
    (root / "pkg" / "b.py").unlink()
    found = changes(before, scan(root, NOT_SENT))
    assert found.changed == ("a.py", "new")
    assert found.gone == ("pkg/b.py",)


def test_the_same_size_at_another_time_is_a_change(root: Path) -> None:
    before = scan(root, NOT_SENT)
    os.utime(root / "a.py", ns=(1, 1))
    assert changes(before, scan(root, NOT_SENT)).changed == ("a.py",)


def test_a_link_to_a_file_is_a_file_and_one_to_a_folder_leads_nowhere(root: Path) -> None:
    (root / "link").symlink_to(root / "a.py")
    (root / "loop").symlink_to(root)
    (root / "broken").symlink_to(root / "nothing")
    assert set(scan(root, NOT_SENT)) == {"a.py", "link", "pkg/b.py", "pkg/deep/c d.py"}


def test_a_folder_that_is_not_there_is_an_error_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nothing"):
        scan(tmp_path / "nothing", ())


def test_each_file_takes_its_name_when_it_is_whole(root: Path) -> None:
    batch = sftp_puts(root, ["pkg/deep/c d.py", 'odd"\\name', "two\nlines"], "/opt/my code")
    assert batch == [
        '-mkdir "/opt/my code/pkg"',
        '-mkdir "/opt/my code/pkg/deep"',
        f'put -p "{root}/pkg/deep/c d.py" "/opt/my code/pkg/deep/.c d.py.sshq-part"',
        'rename "/opt/my code/pkg/deep/.c d.py.sshq-part" "/opt/my code/pkg/deep/c d.py"',
        f'put -p "{root}/odd\\"\\\\name" "/opt/my code/.odd\\"\\\\name.sshq-part"',
        'rename "/opt/my code/.odd\\"\\\\name.sshq-part" "/opt/my code/odd\\"\\\\name"',
    ]
