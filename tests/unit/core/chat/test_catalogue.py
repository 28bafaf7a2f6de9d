"""No sentence is missing in any language."""

from __future__ import annotations

import re
import string

import pytest

from sshq.chat.catalogue import LANGUAGES, texts
from sshq.chat.registry import COMMANDS
from sshq.domain.jobs import Phase
from sshq.domain.refusals import Reason


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
    for phase in Phase:
        assert f"job.phase.{phase.value}" in found
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
