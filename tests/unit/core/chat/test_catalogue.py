"""No sentence is missing in any language."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

import pytest

from sshq.chat.catalogue import LANGUAGES, en, texts, zh
from sshq.chat.registry import AREAS, COMMANDS
from sshq.domain.approvals import Why
from sshq.domain.jobs import Phase
from sshq.domain.refusals import Reason

if TYPE_CHECKING:
    from types import ModuleType


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_language_has_the_same_keys() -> None:
    keys = {language: set(found) for language, found in LANGUAGES.items()}
    assert keys["en"] == keys["zh"]


@pytest.mark.parametrize("key", sorted(LANGUAGES["en"]))
def test_every_translation_tells_the_same_facts(key: str) -> None:
    assert gaps(LANGUAGES["zh"][key]) == gaps(LANGUAGES["en"][key])
    assert re.findall(r"`/sshq [a-z-]+", LANGUAGES["zh"][key]) == re.findall(
        r"`/sshq [a-z-]+", LANGUAGES["en"][key]
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_the_code_can_say_has_words(language: str) -> None:
    found = LANGUAGES[language]
    for reason in Reason:
        assert f"refusal.{reason.value}" in found
        assert f"refusal.{reason.value}.next" in found
    for why in Why:
        assert f"approval.why.{why.value}" in found
    for phase in Phase:
        assert f"job.phase.{phase.value}" in found
    for area in AREAS:
        assert f"area.{area}" in found
    for command in COMMANDS:
        assert f"command.{command.verb}" in found
        for parameter in command.parameters:
            assert f"parameter.{parameter.name}" in found


def test_facts_are_escaped_for_slack_and_left_alone_for_terminals() -> None:
    here = texts("en")
    assert "&lt;!channel&gt;" in here.mrkdwn("refusal.unknown-job", job="<!channel>")
    assert "<!channel>" in here.plain("refusal.unknown-job", job="<!channel>")


def test_a_language_that_is_not_there_is_english() -> None:
    assert texts("fr").language == "en"


@pytest.mark.parametrize("language", [en, zh])
def test_a_key_stands_in_one_area_only(language: ModuleType) -> None:
    keys = [key for area in language.AREAS for key in area.TEXTS]
    assert sorted(keys) == sorted(set(keys))


def test_a_verb_stands_in_one_area_only() -> None:
    assert len({command.verb for command in COMMANDS}) == len(COMMANDS)


# What stands behind a bar is said of several alone.
COUNTED = re.compile(
    r"(?<!\|)\{(count|jobs|minutes|hours|tries|records|all|leases|sessions|shares)\} [a-z ]*[a-z]s\b"
)
# "1 of your jobs is stopping"
MANY_FOR_SURE = {"stop.all"}


@pytest.mark.parametrize("key", sorted(LANGUAGES["en"].keys() - MANY_FOR_SURE))
def test_what_is_counted_may_be_one(key: str) -> None:
    assert not COUNTED.search(LANGUAGES["en"][key])


@pytest.mark.parametrize(
    ("jobs", "said"),
    [
        ("0", "The price of 0 jobs isn't known."),
        ("1", "The price of 1 job isn't known."),
        ("2", "The price of 2 jobs isn't known."),
    ],
)
def test_one_is_said_otherwise_than_several(jobs: str, said: str) -> None:
    assert texts("en").plain("bill.unknown", jobs=jobs) == said
    assert jobs in texts("zh").plain("bill.unknown", jobs=jobs)
