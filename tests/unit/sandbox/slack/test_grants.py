from __future__ import annotations

import pytest

from sshq_sandbox.slack.grants import GrantError, ResponseUrls, TriggerIds


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("age", "works"), [(0.0, True), (3.0, True), (3.1, False)])
def test_a_trigger_id_lives_three_seconds(age: float, works: bool) -> None:
    clock = Clock()
    triggers = TriggerIds(clock)
    triggers.issue("1.2.3", "U1")
    clock.now += age

    if works:
        assert triggers.redeem("1.2.3") == "U1"
    else:
        with pytest.raises(GrantError, match="expired_trigger_id"):
            triggers.redeem("1.2.3")


def test_a_trigger_id_opens_one_modal_and_must_be_known() -> None:
    triggers = TriggerIds(Clock())
    triggers.issue("1.2.3", "U1")
    triggers.redeem("1.2.3")

    with pytest.raises(GrantError, match="exchanged_trigger_id"):
        triggers.redeem("1.2.3")
    with pytest.raises(GrantError, match="invalid_trigger_id"):
        triggers.redeem("4.5.6")


@pytest.mark.parametrize(
    ("uses", "age", "refusal"),
    [(4, 1800.0, None), (5, 0.0, "used_url"), (0, 1801.0, "expired_url")],
)
def test_a_response_url_works_five_times_in_thirty_minutes(
    uses: int, age: float, refusal: str | None
) -> None:
    clock = Clock()
    urls = ResponseUrls(clock)
    urls.issue("commands/a", channel="C1", user="U1", source_ts=None).uses = uses
    clock.now += age

    if refusal is None:
        assert urls.usable("commands/a").user == "U1"
    else:
        with pytest.raises(GrantError, match=refusal):
            urls.usable("commands/a")
