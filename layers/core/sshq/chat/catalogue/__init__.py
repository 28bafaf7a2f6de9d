"""The catalogue of messages: every sentence that sshq says, in English and in Chinese."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from string import Formatter
from typing import TYPE_CHECKING

from sshq.chat.catalogue import en, zh
from sshq.chat.mrkdwn import escape, moment

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Sentences(Formatter):
    """`{jobs} {jobs:job|jobs}`: the first for one, the second, which may have gaps itself, for others."""

    def format_field(self, value: str, format_spec: str) -> str:
        one, is_choice, more = format_spec.partition("|")
        return (one if value == "1" else more) if is_choice else value


_SENTENCES = _Sentences()
LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": en.TEXTS, "zh": zh.TEXTS}


@dataclass(frozen=True)
class Texts:
    """One language. A key that is missing is a bug that a test finds; no sentence is guessed."""

    language: str

    def plain(self, key: str, **facts: str) -> str:
        """For terminals, JSON and Slack's plain_text: the facts as they are."""
        return _SENTENCES.vformat(LANGUAGES[self.language][key], (), facts)

    def mrkdwn(self, key: str, **facts: str | datetime) -> str:
        """For Slack: text is escaped, so nobody's becomes markup; a moment is in the reader's own time."""
        return self.plain(
            key,
            **{
                name: moment(fact) if isinstance(fact, datetime) else escape(fact)
                for name, fact in facts.items()
            },
        )


@cache
def texts(language: str) -> Texts:
    """The catalogue in a language; English where it has none of it."""
    return Texts(language if language in LANGUAGES else "en")
