"""Who may do what: no path past the one decision, denials first, the shortest limit."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.authorisation import (
    Because,
    Policy,
    Reach,
    Standing,
    Subject,
    Verb,
    Who,
    decide,
)
from sshq.domain.identity import Actor
from sshq.domain.members import Leave, Limits, Member, people_from
from sshq.domain.refusals import Reason
from sshq.domain.sharing import Share
from tests.core_services import ADMIN, ALICE, BOB, START

ACTORS = st.builds(
    Actor,
    team=st.sampled_from(["T001", "T002"]),
    user=st.sampled_from(["U001", "U002", "U003"]),
    enterprise=st.sampled_from([None, "E001", "E002"]),
)
PEOPLE = st.frozensets(st.tuples(st.sampled_from(["T001"]), st.sampled_from(["U001", "U002"])))
TIMES = st.none() | st.integers(-5, 5).map(lambda hours: START + timedelta(hours=hours))
MEMBERS = st.builds(
    Member,
    actor=ACTORS,
    slug=st.just("m"),
    added_by=ACTORS,
    added_at=st.just(START),
    admin=st.booleans(),
    limits=st.builds(Limits, until=TIMES),
    leaving=st.none() | st.sampled_from(list(Leave)),
)
OBJECTIONS = [Reason.DEACTIVATED, Reason.BOT, Reason.GUEST, Reason.STRANGER]
STANDINGS = st.builds(
    Standing,
    actor=ACTORS,
    member=st.none() | MEMBERS,
    objection=st.none() | st.sampled_from(OBJECTIONS),
)
SHARES = st.builds(
    Share, job=st.just("sshq-j"), owner=ACTORS, member=ACTORS, shared_at=st.just(START), until=TIMES
)
SUBJECTS = st.builds(
    Subject, owner=st.none() | ACTORS, share=st.none() | SHARES, is_admin=st.booleans()
)
VERBS = st.builds(
    Verb,
    name=st.just("verb"),
    who=st.sampled_from(list(Who)),
    reach=st.sampled_from(list(Reach)),
)
POLICIES = st.builds(Policy, admins=PEOPLE, denied=PEOPLE)
PRIVILEGED = VERBS.filter(lambda verb: verb.who is not Who.ANYONE)


@given(STANDINGS, VERBS, SUBJECTS, POLICIES)
def test_a_decision_is_an_allowance_or_a_refusal_and_says_why(
    standing: Standing, verb: Verb, subject: Subject, policy: Policy
) -> None:
    found = decide(standing, verb, subject, policy, START)
    assert (found.because is None) is (found.reason is not None)
    assert found.allowed or found.until is None


@given(STANDINGS, PRIVILEGED, SUBJECTS, POLICIES)
def test_nobody_who_is_neither_a_member_nor_pinned_does_anything(
    standing: Standing, verb: Verb, subject: Subject, policy: Policy
) -> None:
    """Neither by somebody else's membership, nor by a share, nor by owning a job of before."""
    if decide(standing, verb, subject, policy, START).allowed:
        member, actor = standing.member, standing.actor
        own = member is not None and (member.actor.team, member.actor.user) == (
            actor.team,
            actor.user,
        )
        assert own or (actor.team, actor.user) in policy.admins


@given(STANDINGS, VERBS, SUBJECTS, POLICIES)
def test_a_denial_wins_over_whatever_allows_it(
    standing: Standing, verb: Verb, subject: Subject, policy: Policy
) -> None:
    found = decide(standing, verb, subject, policy, START)
    key = (standing.actor.team, standing.actor.user)
    if key in policy.denied:
        assert found.reason is Reason.DENIED
    elif verb.who is not Who.ANYONE and standing.objection is not None:
        assert found.reason is standing.objection
    elif verb.who is not Who.ANYONE and standing.membership is not None:
        member = standing.membership
        until = member.limits.until
        if member.leaving is not None or (until is not None and until <= START):
            assert found.reason is Reason.MEMBERSHIP_OVER


@given(STANDINGS, VERBS, SUBJECTS, POLICIES)
def test_shutting_somebody_out_never_gives_them_more(
    standing: Standing, verb: Verb, subject: Subject, policy: Policy
) -> None:
    before = decide(standing, verb, subject, replace(policy, denied=frozenset()), START)
    after = decide(standing, verb, subject, policy, START)
    assert before.allowed or not after.allowed


@given(STANDINGS, PRIVILEGED, SUBJECTS, POLICIES, TIMES.filter(bool))
def test_an_allowance_lasts_as_long_as_its_shortest_limit(
    standing: Standing, verb: Verb, subject: Subject, policy: Policy, later: datetime
) -> None:
    """Until `until` the answer stays; from then on nothing but a refusal is given."""
    found = decide(standing, verb, subject, policy, START)
    if found.allowed and later >= START:
        holds = found.until is None or later < found.until
        assert decide(standing, verb, subject, policy, later).allowed is holds


@given(STANDINGS, PRIVILEGED, SUBJECTS, POLICIES)
def test_a_job_is_reached_by_its_owner_by_an_admin_to_manage_it_and_by_who_shares_it_to_enter(
    standing: Standing, verb: Verb, subject: Subject, policy: Policy
) -> None:
    found = decide(standing, verb, subject, policy, START)
    if verb.who is Who.MEMBER and subject.owner is not None and found.allowed:
        allowed = {
            Reach.OWN: {Because.THE_OWNER},
            Reach.ENTER: {Because.THE_OWNER, Because.SHARED_WITH},
            Reach.MANAGE: {Because.THE_OWNER, Because.AN_ADMIN, Because.A_STACK_ADMIN},
        }
        assert found.because in allowed[verb.reach]


@given(STANDINGS, SUBJECTS, POLICIES)
def test_only_whom_the_stack_names_makes_or_unmakes_admins(
    standing: Standing, subject: Subject, policy: Policy
) -> None:
    found = decide(standing, Verb("v", Who.ADMIN), replace(subject, is_admin=True), policy, START)
    assert found.because in {None, Because.A_STACK_ADMIN}
    assert not found.allowed or policy.pins(standing.actor)


def test_a_share_ends_with_its_time_and_with_the_owner_who_gave_it() -> None:
    enter = Verb("connect", Who.MEMBER, Reach.ENTER)
    bob = Standing(BOB, Member(actor=BOB, slug="bob", added_by=ADMIN, added_at=START))
    hour = START + timedelta(hours=1)
    share = Share(job="sshq-j", owner=ALICE, member=BOB, shared_at=START, until=hour)
    policy = Policy(admins=frozenset())

    shared = decide(bob, enter, Subject(owner=ALICE, share=share), policy, START)
    too_late = decide(bob, enter, Subject(owner=ALICE, share=share), policy, hour)
    handed_over = decide(bob, enter, Subject(owner=ADMIN, share=share), policy, START)

    assert (shared.because, shared.until) == (Because.SHARED_WITH, hour)
    assert too_late.reason is handed_over.reason is Reason.NOT_YOUR_JOB


def test_a_refusal_carries_the_facts_of_its_sentence() -> None:
    found = decide(
        Standing(BOB), Verb("run", Who.MEMBER), Subject(), Policy(admins=frozenset()), START
    )
    with pytest.raises(Exception, match="not-a-member"):
        found.enforce(user=BOB.user)


def test_people_are_read_from_the_setting() -> None:
    assert people_from("T001/U001, T002/U002,") == {("T001", "U001"), ("T002", "U002")}
    assert people_from("") == frozenset()
