"""Money as whole millionths of a US dollar: sums of it are exact, in Python and in DynamoDB."""

from __future__ import annotations

MICROS = 1_000_000


def micros(dollars: float) -> int:
    """`12.5` → 12 500 000."""
    return round(dollars * MICROS)


def dollars(amount: int) -> str:
    """`$1.41`, `$0.0075`: cents, or what is left of them below one."""
    value = amount / MICROS
    return f"${value:,.4f}" if 0 < amount < MICROS // 100 else f"${value:,.2f}"
