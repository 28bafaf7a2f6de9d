"""A message as it is handed to Slack: the text for notifications, the blocks for the eyes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class View:
    """`blocks` are Block Kit as plain data; without them the text alone is shown."""

    text: str
    blocks: tuple[dict[str, Any], ...] = ()
