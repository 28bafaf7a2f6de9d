"""What a machine says of its service is the machine's word, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sshq_local.cli import main
from sshq_local.commands.jupyter import JUPYTER
from sshq_local.errors import Exit
from sshq_local.ports import port_number
from sshq_local.services import _page

if TYPE_CHECKING:
    from pathlib import Path


def test_a_token_brings_no_script_into_the_page(tmp_path: Path) -> None:
    file = tmp_path / "pages" / "jupyter-1.html"
    _page(JUPYTER, "http://localhost:1/", '"><script>alert(1)</script>', file)
    assert "<script" not in file.read_text()


@pytest.mark.parametrize("typed", ["0", "-1", "65536", "x", ""])
def test_what_is_no_port_is_wrong_usage(typed: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        port_number(typed)
    for command, option in (("jupyter", "--here"), ("vnc", "--port"), ("tunnel", "--port")):
        assert main([command, "job", f"{option}={typed}"]) == Exit.USAGE
