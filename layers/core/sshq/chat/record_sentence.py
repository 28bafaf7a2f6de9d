"""What a record from a job's container says to a person."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

from sshq.chat.catalogue import LANGUAGES
from sshq.domain.records import Stage

if TYPE_CHECKING:
    from sshq.chat.catalogue import Texts
    from sshq.domain.records import StageRecord

_LONGEST_FACT = 120


def record_sentence(record: StageRecord, here: Texts) -> str:
    """One sentence in Slack's mrkdwn. The facts are the container's word: shortened, and escaped.

    The sentence of the record's code if there is one, else that of its result.
    """
    stage = f"job.record.{record.stage.value}"
    endings = (record.code, record.result.value)
    if record.stage is Stage.READY:
        endings = (str(record.facts.get("fail_mode", "")), record.result.value)
    known = LANGUAGES[here.language]
    key = next((f"{stage}.{end}" for end in endings if f"{stage}.{end}" in known), "")
    facts = {**record.facts, "code": record.code or record.result.value}
    if record.stage is Stage.READY:
        facts["seconds"] = f"{record.ms / 1000:.1f}"
    gaps = [name for _, name, _, _ in string.Formatter().parse(known.get(key, "")) if name]
    return here.mrkdwn(key, **{gap: _shown(facts.get(gap)) for gap in gaps}) if key else stage


def _shown(fact: Any) -> str:  # noqa: ANN401  whatever JSON holds
    text = "–" if fact is None else str(fact)
    return text if len(text) <= _LONGEST_FACT else f"{text[:_LONGEST_FACT]}…"
