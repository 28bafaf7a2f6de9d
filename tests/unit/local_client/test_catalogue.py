"""Both languages say the same things, with the same facts; and what the code says is there."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import string
from pathlib import Path

import pytest

import sshq_local
from sshq_local import catalogue
from sshq_local.catalogue import en, zh
from sshq_local.cli import COMMANDS
from sshq_local.language import language, text

AREAS = sorted(module.name for module in pkgutil.iter_modules(en.__path__))
SOURCES = sorted(Path(str(sshq_local.__file__)).parent.rglob("*.py"))


SAYING = {
    "text": (0, "", False),
    "sentence": (0, "", False),
    "refusal": (1, "", True),
    "ok": (1, "doctor.", False),
    "skipped": (1, "doctor.", False),
    "failed": (1, "doctor.", True),
    "warned": (1, "doctor.", True),
}
"""Which functions say something: the argument that is the key, its area, and whether .next follows."""


def texts(tongue: str, area: str) -> dict[str, str]:
    module = importlib.import_module(f"{catalogue.__name__}.{tongue}.{area}")
    found: dict[str, str] = module.TEXTS
    return found


def gaps(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def keys_used() -> set[str]:
    """The keys that stand in the code as plain words: text("…") and refusal(Reason.X, "…")."""
    used: set[str] = set()
    for source in SOURCES:
        for call in ast.walk(ast.parse(source.read_text("utf-8"))):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
                continue
            at, prefix, has_next = SAYING.get(call.func.id, (9, "", False))
            for word in call.args[at : at + 1]:
                if isinstance(word, ast.Constant) and isinstance(word.value, str):
                    used.add(prefix + word.value)
                    if has_next:
                        used.add(f"{prefix}{word.value}.next")
    return used


def test_the_areas_are_the_same() -> None:
    assert sorted(module.name for module in pkgutil.iter_modules(zh.__path__)) == AREAS


@pytest.mark.parametrize("area", AREAS)
def test_the_keys_and_their_gaps_are_the_same(area: str) -> None:
    english, chinese = texts("en", area), texts("zh", area)
    assert list(english) == list(chinese)
    for key, sentence in english.items():
        assert key.startswith(f"{area}.")
        assert gaps(sentence) == gaps(chinese[key]), key


@pytest.mark.parametrize("area", AREAS)
def test_chinese_is_chinese(area: str) -> None:
    same = {
        key for key, sentence in texts("en", area).items() if texts("zh", area)[key] == sentence
    }
    # What has no words of a language: commands, and another's sentence that is passed on.
    spoken = {key for key in same if not key.endswith(".examples") and gaps(texts("en", area)[key])}
    assert spoken <= {"api.untrusted", "overview.see-help"}


def test_what_the_code_says_is_in_the_catalogue() -> None:
    known = {key for area in AREAS for key in texts("en", area)}
    assert keys_used() - known == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_a_line_help_and_examples(command: str) -> None:
    for key in (f"overview.{command}", f"help.{command}", f"help.{command}.examples"):
        assert text(key).strip()


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({}, "linux", "en"),
        ({"LANG": "zh_CN.UTF-8"}, "linux", "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "linux", "en"),
        ({"LANG": "de_DE.UTF-8", "SSHQ_LANG": "zh"}, "win32", "zh"),
        ({"LC_MESSAGES": "zh_TW"}, "darwin", "zh"),
        ({}, "win32", "en"),
    ],
)
def test_the_language_is_the_locale_s(
    environ: dict[str, str], platform: str, expected: str
) -> None:
    assert language(environ, platform) == expected
