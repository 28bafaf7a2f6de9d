"""How much the proofs went through; `make show-setup` prints it."""

from __future__ import annotations

from collections import Counter

COUNTS: Counter[str] = Counter()
