"""The settings file in sshq's own folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sshq_local.ssm.settings import FILE, SessionGone, Settings, read_settings

if TYPE_CHECKING:
    from pathlib import Path


def test_without_a_file_there_are_the_defaults(tmp_path: Path) -> None:
    assert read_settings(tmp_path).chunk == Settings().chunk == 32 * 1024
    assert read_settings(tmp_path).hosts == ()


def test_a_vpc_endpoint_and_a_smaller_chunk(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"hosts": ["VPCE-1.example.com"], "chunk": 1024}')
    found = read_settings(tmp_path)
    assert (found.hosts, found.chunk) == (("vpce-1.example.com",), 1024)


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"hosts": "x"}', '{"hosts": [1]}', '{"chunk": 10}', '{"chunk": "big"}'],
)
def test_a_file_that_is_no_good_is_said(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(SessionGone, match="Mend or remove it"):
        read_settings(tmp_path)
