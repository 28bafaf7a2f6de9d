"""sshq-local's wheel, as the build put it into a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.domain.client_package import FILE

if TYPE_CHECKING:
    from pathlib import Path


class LayerClientPackage:
    """ports.ClientPackage in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> bytes | None:
        try:
            return (self._folder / FILE).read_bytes()
        except FileNotFoundError:
            return None
