"""Views keep Slack's limits, whatever the facts are."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from sshq.chat import views
from sshq.chat.catalogue import LANGUAGES, texts
from sshq.chat.registry import COMMANDS
from sshq.chat.views import blocks
from sshq.domain import registrations
from sshq.domain.approvals import Approval, Outcome, Why
from sshq.domain.cloudformation import template
from sshq.domain.console_links import Console
from sshq.domain.drift import drift
from sshq.domain.jobs import Job, JobShape, Node, Phase
from sshq.domain.leases import Lease, LeaseSession
from sshq.domain.log_pages import LogLine
from sshq.domain.refusals import Reason, Refusal
from sshq.domain.setup_plan import Actual, plan
from tests.core_services import ADMIN, ALICE, SETTINGS, START, MemoryServices

if TYPE_CHECKING:
    from sshq.chat.view import View

CONSOLE = Console("eu-west-1")

# The facts that a reason's sentence needs.
_RUN = {"shape": "1 × ml.g5.xlarge, 8 h, pytorch", "reason": "a <b> deadline"}
FACTS: dict[Why, dict[str, str]] = {
    Why.NOT_ALLOWED: _RUN | {"preset": "gpu", "what": "ml.p5.48xlarge"},
    Why.TOO_MANY_JOBS: _RUN | {"jobs": "3", "most": "3"},
    Why.OVER_BUDGET: _RUN | {"cost": "$12.00", "left": "$3.00"},
    Why.EXPENSIVE: _RUN | {"cost": "$1,200.00", "limit": "$100.00"},
    Why.PRICE_UNKNOWN: _RUN | {"instance": "ml.x9.large", "limit": "$100.00"},
}


def check(view: View) -> None:
    """Slack's own models take it unchanged, and its limits hold."""
    assert view.text
    assert len(view.blocks) <= 50
    for block in view.blocks:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()
        assert parsed.to_dict() == _with_defaults(block, parsed.to_dict())
    for element in (e for b in view.blocks if b["type"] == "actions" for e in b["elements"]):
        assert len(element["value"]) <= 2000
        assert len(element["text"]["text"]) <= 75


def _with_defaults(block: dict[str, Any], parsed: dict[str, Any]) -> dict[str, Any]:
    """slack_sdk writes out `emoji: true`-like defaults; nothing else may differ."""
    return {k: _with_defaults(v, parsed[k]) if isinstance(v, dict) else v for k, v in block.items()}


def job(phase: Phase, **more: Any) -> Job:
    return Job(
        name="sshq-alice-workbench-abcdefgh",
        owner=ALICE,
        request="r",
        shape=JobShape(instance="ml.m5.large", image="i", hours=1),
        prefix="jobs/x",
        phase=phase,
        created_at=START,
        phase_since=START,
        cap_seconds=3600,
        deadline=START + timedelta(hours=1),
        **more,
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("phase", Phase)
def test_every_phase_of_a_job_can_be_shown(language: str, phase: Phase) -> None:
    nodes = tuple(Node(rank=r, id=f"mi-{r:017x}") for r in range(16))
    check(views.job(job(phase, nodes=nodes, language=language), console=CONSOLE))


@given(st.text(min_size=1))
def test_nobodys_text_becomes_markup(text: str) -> None:
    view = views.job(job(Phase.FAILED, failure=f"<!channel>{text}"), console=CONSOLE)
    check(view)
    assert "<!channel>" not in str(view.blocks)


def test_a_hundred_jobs_fit_into_one_message() -> None:
    check(views.job_list([job(Phase.READY)] * 100, [], [], START, texts("en")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_setups_views_can_be_shown(language: str) -> None:
    found = plan(SETTINGS.names, Actual(account="1", region="r", specs={}))
    here = texts(language)
    changes = found.changes
    refusal = Refusal(Reason.REFUSED_BY_AWS, detail="AccessDenied <b>")
    for view in (
        views.plan(found, here),
        *(views.plan(found, here, unfolded=n) for n in range(len(changes))),
        views.applying(changes[:3], changes[3], changes[4:], here),
        views.setup_waits(changes[:3], changes[3], 5.0, here),
        views.setup_done(found, changes, here, alone=True),
        views.setup_failed(changes[:3], changes[3], changes[4:], refusal, here, digest="d" * 64),
        views.setup_unverified(changes, refusal, here),
        views.drift(found, drift(found, None, START), here),
        views.export(template(SETTINGS.names), here),
    ):
        check(view)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("why", Why)
def test_a_request_that_waits_can_be_shown(language: str, why: Why) -> None:
    services, here = MemoryServices(), texts(language)
    waiting = Approval.of(services.message(ADMIN, "setup-apply"), why, START, FACTS.get(why, {}))
    detail = [blocks.section("much")] * 60
    check(views.approval_asked(waiting, detail, here))
    check(views.approval_waits(waiting, ["U0EVE", "U0EVA"], here))
    for outcome in Outcome:
        check(views.approval_settled(waiting.settled(outcome, ALICE), here))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("leases", "sessions"), [(0, 0), (1, 0), (3, 2), (1, 48), (40, 1)])
def test_sessions_fit_however_many_there_are(language: str, leases: int, sessions: int) -> None:
    lease = Lease(
        id="l" * 20,
        job="sshq-" + "x" * 58,
        owner=ALICE,
        public_key="ssh-ed25519 AAAA",
        key_fingerprint="f" * 64,
        ticket="t" * 64,
        created_at=START,
        expires_at=START,
        client="<!channel>",
        source="2001:db8::1",
    )
    session = LeaseSession(
        id="s" * 96, lease=lease.id, owner=ALICE, job=lease.job, node="mi-1", started_at=START
    )
    held = [(lease, [session] * sessions)] * leases

    shown = views.session_list(held, texts(language))

    check(shown)
    assert "<!channel>" not in str(shown.blocks)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("topic", [None, *(c.verb for c in COMMANDS if c.typed)])
def test_help_can_be_shown(language: str, topic: str | None) -> None:
    check(views.help_text(topic, texts(language)))


def test_help_on_nothing_known_is_a_refusal() -> None:
    with pytest.raises(Refusal) as refused:
        views.help_text("nonsense", texts("en"))
    assert refused.value.reason is Reason.UNKNOWN_COMMAND


def test_sixteen_nodes_links_stay_whole() -> None:
    nodes = tuple(Node(rank=r, id=f"mi-{r:017x}") for r in range(16))
    view = views.job(job(Phase.READY, nodes=nodes), console=CONSOLE)
    check(view)
    texts_shown = [block["text"]["text"] for block in view.blocks if block["type"] == "section"]
    assert sum(text.count("|mi-") for text in texts_shown) == 16
    assert all(text.count("<") == text.count(">") for text in texts_shown)


@pytest.mark.parametrize(
    ("count", "heading"),
    [(1, "The last line of its log:"), (2, "The last 2 lines of its log:")],
)
def test_a_failed_jobs_last_lines_are_counted_in_good_english(count: int, heading: str) -> None:
    lines = [LogLine(START, "algo-1", f"line {number}") for number in range(count)]

    view = views.job(job(Phase.FAILED), console=CONSOLE, lines=lines)

    assert heading in str(view.blocks)


@pytest.mark.parametrize("language", LANGUAGES)
def test_however_many_nodes_are_too_many_the_alarm_fits(language: str) -> None:
    strangers = tuple(
        registrations.Stranger(id=f"mi-{n:017x}", why=why)
        for n, why in enumerate(list(registrations.Why) * 13)
    )
    for count in (1, 5, len(strangers)):
        robbed = job(Phase.READY, strangers=strangers[:count], language=language)
        alarm = views.too_many_nodes(robbed, robbed.strangers, texts(language))
        check(alarm)
        check(views.job(robbed, console=CONSOLE))
        assert strangers[0].id in str(alarm.blocks)
