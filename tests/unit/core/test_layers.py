"""What may import what: the domain is pure, and only the composition root knows the adapters."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CORE = ROOT / "layers" / "core" / "sshq"
# Beside the standard library and itself. The domain's libraries do no I/O.
MAY_IMPORT = {
    "domain": {"cryptography", "http_message_signatures", "pydantic"},
    "ports.py": {"sshq.chat", "sshq.domain", "sshq.settings"},
    "use_cases": {
        "aws_lambda_powertools", "sshq.chat", "sshq.container", "sshq.data", "sshq.domain",
        "sshq.ports", "sshq.settings",
    },
}  # fmt: skip
# Of the standard library: what reaches beyond the process, or tells time by itself.
NOT_PURE = {
    "asyncio",
    "http",
    "os",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "threading",
    "time",
}


def imports(folder: Path) -> set[str]:
    """`boto3`, `sshq.domain`, …: the packages that the modules of a folder, or one module, import."""
    files = [folder] if folder.is_file() else sorted(folder.rglob("*.py"))
    assert files
    return {
        _package(name)
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for name in _imported(node)
    }


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def _package(name: str) -> str:
    first, *rest = name.split(".")
    return f"{first}.{rest[0]}" if first == "sshq" else first


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_layer_imports_what_lies_below_it_and_no_more(part: str) -> None:
    own = f"sshq.{part.removesuffix('.py')}"

    assert imports(CORE / part) - {own} - sys.stdlib_module_names <= MAY_IMPORT[part]


def test_the_domain_reads_no_clock_and_reaches_for_nothing() -> None:
    asked = {
        f"{file.name}:{node.lineno}"
        for file in (CORE / "domain").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}
    }

    assert imports(CORE / "domain") & NOT_PURE == set()
    assert asked == set()


def test_the_client_the_sandbox_and_the_functions_code_are_told_apart() -> None:
    assert "sshq" not in {name.split(".")[0] for name in imports(ROOT / "local_client" / "src")}
    assert not imports(CORE) & {"sshq_local", "sshq_sandbox"}
