"""Instance types that may serve in place of one that isn't to be had."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sshq.domain.presets import Preset

MOST = 3
# Up to so many times dearer or cheaper is still "in place of".
_FACTOR = 3.0
_FAMILY = re.compile(r"ml\.([a-z]+)")


def fallbacks(instance: str, usd_per_hour: Mapping[str, float], preset: Preset) -> list[str]:
    """The nearest in price of the same kind (GPU, other accelerator, none) that the preset allows."""
    price = usd_per_hour.get(instance)
    if price is None:
        return []
    distances = {
        other: abs(math.log(cost / price))
        for other, cost in usd_per_hour.items()
        if other != instance and kind(other) == kind(instance) and preset.allows_instance(other)
    }
    near = [other for other, distance in distances.items() if distance <= math.log(_FACTOR)]
    return sorted(near, key=lambda other: (distances[other], other))[:MOST]


def kind(instance: str) -> str:
    """What decides which images run there: `gpu`, `trn`, `inf` or `cpu`."""
    family = _FAMILY.match(instance)
    letters = family[1] if family else ""
    if letters in {"trn", "inf"}:
        return letters
    return "gpu" if letters[:1] in {"g", "p"} else "cpu"
