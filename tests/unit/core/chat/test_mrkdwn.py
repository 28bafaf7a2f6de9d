"""What is shown in Slack: nobody's text becomes markup, and a moment is the reader's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from sshq.chat.catalogue import texts
from sshq.chat.mrkdwn import moment

AT = datetime(2026, 11, 25, 5, 28, 3, tzinfo=UTC)


def test_a_moment_is_in_the_readers_time_and_in_utc_where_slack_cant_tell_it() -> None:
    expected = "<!date^1795584483^{date_short_pretty} {time}|2026-11-25 05:28 UTC>"

    assert moment(AT) == expected
    assert moment(AT.astimezone(timezone(timedelta(hours=8)))) == expected


def test_a_sentence_takes_moments_and_escapes_text() -> None:
    said = texts("en").mrkdwn("share.done-until", user="U1", job="<!channel>", until=AT)

    assert said == f"<@U1> can enter `&lt;!channel&gt;` until {moment(AT)}."
