"""What is shipped as data: images (made by `make image-catalogue`) and a price list for bad days."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def images() -> dict[str, Any]:
    """SageMaker's framework images, see sshq.domain.images."""
    return _read("images.json")


@cache
def prices() -> dict[str, Any]:
    """The price list that is used when AWS's own can't be asked, see sshq.domain.prices."""
    return _read("prices.json")


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((files(__name__) / name).read_text(encoding="utf-8"))
    return found
