"""The stack's parameters in docs/deploy.md, from template.yaml: `make docs` writes them.

With `--check` nothing is written; the exit code is 1 where the page isn't what the template says.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sshq_sandbox.lambda_host.intrinsics import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "deploy.md"
_SECTION = re.compile(
    r"(?<=<!-- parameters: scripts/parameter_table.py -->\n).*(?=<!-- end of parameters -->)",
    re.DOTALL,
)


def table(parameters: Mapping[str, Mapping[str, Any]]) -> str:
    """A row for each parameter of a CloudFormation template, in its order."""
    rows = [
        f"| `{name}` | {_default(facts)} | {_cell(facts['Description'])} |"
        for name, facts in parameters.items()
    ]
    return "\n".join(["| parameter | default | what it is |", "|---|---|---|", *rows]) + "\n"


def _default(facts: Mapping[str, Any]) -> str:
    if "Default" not in facts:
        return "**none**"
    chosen = f"`{facts['Default']}`" if facts["Default"] != "" else "empty"
    others = [str(value) for value in facts.get("AllowedValues", []) if value != facts["Default"]]
    return _cell(f"{chosen}; or {', '.join(others)}" if others else chosen)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main(words: Sequence[str]) -> int:
    """Write the page, or compare it."""
    template = parse_yaml((ROOT / "template.yaml").read_text(encoding="utf-8"))
    there = PAGE.read_text(encoding="utf-8")
    right = _SECTION.sub(lambda _: table(template["Parameters"]), there)
    if "--check" not in words:
        PAGE.write_text(right, encoding="utf-8")
    elif there != right:
        print("docs/deploy.md isn't what template.yaml says: run make docs")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
