"""The Chinese pages say what the English ones do: the same parts, the same commands, links that hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = {
    "README.md": "README.zh-CN.md",
    "docs/user-guide.md": "docs/user-guide.zh-CN.md",
    "docs/deploy.md": "docs/deploy.zh-CN.md",
}
# The parameters are explained in full by the table that is made from the template, in English.
GENERATED = re.compile(r"(?<=<!-- parameters).*(?=<!-- end of parameters)", re.DOTALL)
HEADING = re.compile(r"^(#+) (.*)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(((?!https?:)[^)#]*)(?:#([^)]*))?\)")
WORDS = re.compile(r"--[a-z][a-z-]+|/sshq [a-z-]+|sshq-local [a-z]+|(?<!\w)[A-Z][A-Z_]{4,}(?!\w)")


def page(name: str) -> str:
    return GENERATED.sub("", (ROOT / name).read_text(encoding="utf-8"))


def levels(text: str) -> list[int]:
    return [len(marks) for marks, _ in HEADING.findall(FENCE.sub("", text))]


def anchors(path: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = HEADING.findall(FENCE.sub("", path.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for _, title in headings}


@pytest.mark.parametrize(("english", "chinese"), PAGES.items())
def test_the_chinese_page_has_every_part_and_every_command(english: str, chinese: str) -> None:
    ours, theirs = page(english), page(chinese)

    assert levels(theirs) == levels(ours)
    assert len(FENCE.findall(theirs)) == len(FENCE.findall(ours))
    assert set(WORDS.findall(ours)) - set(WORDS.findall(theirs)) == set()
    unsaid = {code for code in CODE.findall(FENCE.sub("", ours)) if code not in theirs}
    assert {code for code in unsaid if "<" not in code} == set(), "but for <placeholders>"


@pytest.mark.parametrize("name", [*PAGES, *PAGES.values(), "docs/jobs.md", "docs/admin-guide.md"])
def test_every_link_between_pages_leads_somewhere(name: str) -> None:
    here = ROOT / name
    for file, anchor in LINK.findall(here.read_text(encoding="utf-8")):
        there = (here.parent / file).resolve() if file else here
        assert there.exists(), file
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there), f"{file}#{anchor}"
