"""Sentences in the language of the person at the keyboard.

A key's first word is its area, a module of `catalogue.en` and `catalogue.zh`: only the areas that are
needed are loaded, and none at all while ssh waits for its ProxyCommand.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_CHINESE = 0x04
"""Windows's primary language id for Chinese."""


def text(key: str, **facts: object) -> str:
    """The sentence for `key`, its gaps filled with `facts`; `{files:file|files}` is the word for so many."""
    area = key.partition(".")[0]
    catalogue = import_module(f"sshq_local.catalogue.{language(os.environ, sys.platform)}.{area}")
    sentence: str = catalogue.TEXTS[key]
    if not facts:
        return sentence
    return sentence.format_map(
        {name: _Count(fact) if type(fact) is int else fact for name, fact in facts.items()}
    )


class _Count(int):
    def __format__(self, spec: str) -> str:
        one, is_choice, more = spec.partition("|")
        return (one if self == 1 else more) if is_choice else super().__format__(spec)


def language(environ: Mapping[str, str], platform: str) -> str:
    """`en` or `zh`: as $SSHQ_LANG says, else the locale, else (Windows) the user interface."""
    for name in ("SSHQ_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environ.get(name, ""):
            return "zh" if value.lower().startswith("zh") else "en"
    return "zh" if platform == "win32" and _windows_language() & 0x3FF == _CHINESE else "en"


def _windows_language() -> int:
    import ctypes  # noqa: PLC0415 - on Windows only

    windll = getattr(ctypes, "windll", None)
    return int(windll.kernel32.GetUserDefaultUILanguage()) if windll else 0
