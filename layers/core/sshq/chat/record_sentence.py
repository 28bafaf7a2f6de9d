"""What a record from a job's container says to a person."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

from sshq.chat.catalogue import LANGUAGES
from sshq.domain.records import Result, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sshq.chat.catalogue import Texts
    from sshq.domain.records import StageRecord

_LONGEST_FACT = 120


def record_sentence(record: StageRecord, here: Texts) -> str:
    """One sentence in Slack's mrkdwn. The facts are the container's word: shortened, and escaped.

    The sentence of the record's code if there is one, else that of its result.
    """
    ending = record.code
    facts = {**record.facts, "code": record.code or record.result.value}
    if record.stage is Stage.READY:
        ending = str(record.facts.get("fail_mode", ""))
        facts["seconds"] = f"{record.ms / 1000:.1f}"
    return _sentence(record.stage, (ending, record.result.value), facts, here)


def failure_sentence(stage: Stage, code: str, here: Texts) -> str:
    """The same for a stage of which only the code is known."""
    return _sentence(stage, (code, Result.FAILED.value), {"code": code}, here)


def _sentence(stage: Stage, endings: tuple[str, ...], facts: Mapping[str, Any], here: Texts) -> str:
    known = LANGUAGES[here.language]
    keys = (f"job.record.{stage.value}.{ending}" for ending in endings)
    key = next((key for key in keys if key in known), "")
    gaps = [name for _, name, _, _ in string.Formatter().parse(known.get(key, "")) if name]
    return here.mrkdwn(key, **{gap: _shown(facts.get(gap)) for gap in gaps}) if key else stage.value


def _shown(fact: Any) -> str:  # noqa: ANN401  whatever JSON holds
    text = "–" if fact is None else str(fact)
    return text if len(text) <= _LONGEST_FACT else f"{text[:_LONGEST_FACT]}…"
