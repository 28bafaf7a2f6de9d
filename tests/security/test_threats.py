"""The threat table is true of the code: each rule can be taken out where it says, and tests name it."""

from __future__ import annotations

import ast

import pytest

from tests.security.template import ROOT
from tests.security.threats import RULES, THREATS, Rule, table


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.says[:60])
def test_a_rule_stands_once_where_the_table_says(rule: Rule) -> None:
    source = (ROOT / rule.file).read_text(encoding="utf-8")

    assert source.count(rule.old) == 1
    assert rule.new != rule.old


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.says[:60])
def test_the_tests_of_a_rule_exist(rule: Rule) -> None:
    for test in rule.tests:
        file, _, name = test.partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert not name or name in functions


def test_every_threat_has_a_rule() -> None:
    assert {rule.threat for rule in RULES} == set(THREATS)


def test_the_document_shows_this_table() -> None:
    """`python -m tests.security.threats` prints it."""
    assert table() in (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
