"""Write docs/commands.md and docs/commands.zh-CN.md from the registry and the catalogues: `make docs`.

With `--check` nothing is written; the exit code is 1 where a page isn't what the code says.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sshq.chat.catalogue import texts
from sshq.chat.registry import AREAS
from sshq.domain.authorisation import ADMINS
from sshq_local.cli import COMMANDS
from sshq_local.language import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sshq.chat.catalogue import Texts
    from sshq.chat.command import Command

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = {"en": DOCS / "commands.md", "zh": DOCS / "commands.zh-CN.md"}
_WORDS = {
    "en": {
        "title": "Commands",
        "note": "`make docs` makes this page from the code, and `make lint` holds it to that. "
        "`/sshq help COMMAND` and `sshq-local COMMAND --help` tell the same.",
        "slack": "In Slack",
        "laptop": "On the laptop: sshq-local",
    },
    "zh": {
        "title": "命令",
        "note": "本页由 `make docs` 根据代码生成，`make lint` 保证两者一致。"
        "`/sshq help 命令` 和 `sshq-local 命令 --help` 给出同样的内容。",
        "slack": "在 Slack 中",
        "laptop": "在电脑上：sshq-local",
    },
}


def page(language: str) -> str:
    """The page in one language, as Markdown."""
    words = _WORDS[language]
    # sshq-local speaks the language of whoever runs it.
    os.environ["SSHQ_LANG"] = language
    lines = [
        f"# {words['title']}\n\n{words['note']}",
        f"## {words['slack']}",
        *_slack(texts(language)),
        f"## {words['laptop']}",
        *map(_local, COMMANDS),
    ]
    return "\n\n".join(lines) + "\n"


def _slack(here: Texts) -> Iterator[str]:
    for area, commands in AREAS.items():
        yield f"### {here.plain(f'area.{area}')}"
        for command in commands:
            if command.typed:
                yield _typed(command, here)


def _typed(command: Command, here: Texts) -> str:
    summary = here.plain(f"command.{command.verb}")
    if command.who in ADMINS:
        summary += f" *({here.plain('help.admins-only')})*"
    told = [f"**`/sshq {command.verb}`** {summary}"]
    if command.parameters:
        told.append(f"```\n{command.usage}\n```")
        told.append(
            "\n".join(
                f"- `{' '.join(filter(None, (one.flag, one.metavar)))}`: "
                f"{here.plain(f'parameter.{one.name}')}"
                for one in command.parameters
            )
        )
    return "\n\n".join(told)


def _local(command: str) -> str:
    examples = text(f"help.{command}.examples").rstrip("\n")
    return (
        f"### `sshq-local {command}`\n\n{text(f'help.{command}').strip()}\n\n```\n{examples}\n```"
    )


def main() -> int:
    """Write the pages, or compare them."""
    stale = [
        language
        for language, file in PAGES.items()
        if not file.exists() or file.read_text(encoding="utf-8") != page(language)
    ]
    if "--check" in sys.argv[1:]:
        for language in stale:
            print(f"docs/{PAGES[language].name} isn't what the code says: run make docs")
        return 1 if stale else 0
    for language in stale:
        PAGES[language].write_text(page(language), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
