"""Plans: from what is to what should be, and no further."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.change_details import details, documents
from sshq.domain.desired_state import ACTIVATION_TIER, Kind, Resource, desired
from sshq.domain.drift import drift, is_news
from sshq.domain.setup_plan import (
    Action,
    Actual,
    Change,
    Leftovers,
    Memory,
    Plan,
    merged,
    plan,
    teardown,
)
from tests.core_services import SETTINGS, START
from tests.quickstart_account import SPECS as QUICKSTART

NAMES = SETTINGS.names
WANTED = desired(NAMES)
JOB_ROLE = next(r for r in WANTED if r.name == NAMES.job_role)
GROUP = next(r for r in WANTED if r.kind is Kind.GROUP)
BUCKET = next(r for r in WANTED if r.kind is Kind.BUCKET)
TIER = next(r for r in WANTED if r.kind is Kind.SETTING)
THEIR_TRUST = {
    "Sid": "Theirs",
    "Effect": "Allow",
    "Principal": {"Service": "glue.amazonaws.com"},
    "Action": "sts:AssumeRole",
}


def actual(specs: dict[str, dict[str, Any]], ours: tuple[str, ...] = ()) -> Actual:
    return Actual(account="1", region="r", specs=specs, ours=frozenset(ours))


def whole() -> dict[str, dict[str, Any]]:
    return copy.deepcopy({r.key: r.spec for r in WANTED})


def after(specs: dict[str, dict[str, Any]], **options: bool) -> dict[str, dict[str, Any]]:
    """What the account has once the plan is applied."""
    changes = plan(NAMES, actual(specs), **options).changes
    return specs | {change.resource.key: change.resource.spec for change in changes}


def change_of(found: Plan, resource: Resource) -> Change:
    (change,) = [c for c in found.changes if c.resource.key == resource.key]
    return change


@given(st.sets(st.sampled_from([r.key for r in WANTED])))
def test_whatever_is_there_one_run_is_enough(there: set[str]) -> None:
    specs = {r.key: r.spec for r in WANTED if r.key in there}
    assert len(plan(NAMES, actual(specs)).changes) == len(WANTED) - len(there)
    assert plan(NAMES, actual(after(specs))).changes == ()


def test_what_others_added_survives_and_is_told() -> None:
    policy, rule = {"Sid": "Theirs"}, {"ID": "theirs", "Status": "Enabled"}
    ours = whole()
    ours[JOB_ROLE.key] |= {
        "trust": merged({"Statement": [THEIR_TRUST]}, JOB_ROLE.spec["trust"]),
        "attached": ["arn:aws:iam::aws:policy/Theirs"],
        "inline": JOB_ROLE.spec["inline"] | {"theirs": {}},
    }
    ours[BUCKET.key] |= {
        "policy": {"Version": "2012-10-17", "Statement": [policy]},
        "lifecycle": [rule],
        "encryption": "aws:kms",
    }
    found = plan(NAMES, actual(ours))
    bucket = change_of(found, BUCKET).resource.spec

    assert bucket["policy"]["Statement"][0] == policy
    assert bucket["lifecycle"][0] == rule
    assert bucket["encryption"] == "aws:kms"
    assert [c.resource.key for c in found.changes] == [BUCKET.key]
    assert {n.facts["policy"] for n in found.left} == {"arn:aws:iam::aws:policy/Theirs", "theirs"}
    assert found.by_hand == ()


def test_a_role_of_that_name_that_isnt_ours_blocks_the_plan_until_it_is_handed_over() -> None:
    theirs = {
        JOB_ROLE.key: {
            "trust": {"Version": "2012-10-17", "Statement": [THEIR_TRUST]},
            "boundary": "",
            "attached": ["arn:aws:iam::aws:policy/AdministratorAccess"],
            "inline": {},
        }
    }
    blocked = plan(NAMES, actual(theirs))
    handed_over = plan(NAMES, actual(theirs, ours=(JOB_ROLE.key,)))

    (note,) = blocked.blocked
    assert "aws iam tag-role" in note.facts["command"]
    assert JOB_ROLE.key not in {c.resource.key for c in blocked.changes}
    assert handed_over.blocked == ()
    assert change_of(handed_over, JOB_ROLE).resource.spec["boundary"] == NAMES.boundary_arn


def test_the_quick_start_is_recognised_and_its_broad_grants_go() -> None:
    found = plan(NAMES, actual(QUICKSTART))
    role, group = change_of(found, JOB_ROLE), change_of(found, GROUP)

    assert found.blocked == ()
    assert role.resource.spec["attached"] == []
    assert role.resource.spec["boundary"] == NAMES.boundary_arn
    assert list(role.resource.spec["inline"]) == [NAMES.job_policy]
    assert group.resource.spec["attached"] == [NAMES.client_policy_arn]
    assert len(role.narrows) == 4
    assert set(group.narrows) == set(QUICKSTART[GROUP.key]["attached"])
    detached = [d for d in details(role) if d.what == "setup.detail.detach"]
    assert all(d.why for d in detached)
    assert len(detached) == 4
    assert plan(NAMES, actual(after(QUICKSTART))).changes == ()


def test_with_the_option_the_broadest_of_them_stays_inside_the_boundary() -> None:
    specs = after(QUICKSTART, quickstart=True)

    assert specs[JOB_ROLE.key]["attached"] == [NAMES.full_access_arn]
    assert specs[JOB_ROLE.key]["boundary"] == NAMES.boundary_arn
    assert plan(NAMES, actual(specs), quickstart=True).changes == ()
    assert change_of(plan(NAMES, actual(specs)), JOB_ROLE).narrows


def test_an_existing_roles_trust_is_left_to_an_administrator_with_the_command_in_full() -> None:
    specs = whole()
    bare = {
        "Effect": "Allow",
        "Principal": {"Service": ["sagemaker.amazonaws.com", "ssm.amazonaws.com"]},
        "Action": "sts:AssumeRole",
    }
    specs[JOB_ROLE.key] |= {"trust": {"Version": "2012-10-17", "Statement": [THEIR_TRUST, bare]}}
    found = plan(NAMES, actual(specs))
    (item,) = found.by_hand
    document = json.loads(item.command.split(" --policy-document ")[1].strip("'"))

    assert found.changes == ()
    assert document["Statement"] == [THEIR_TRUST, *JOB_ROLE.spec["trust"]["Statement"]]


def test_our_statement_is_mended_in_place_and_not_doubled() -> None:
    wanted = {"Statement": [{"Sid": "Ours", "Action": "new"}]}
    was = {"Version": "2012-10-17", "Statement": [{"Sid": "Ours", "Action": "old"}, {"Sid": "X"}]}
    assert merged(was, wanted)["Statement"] == [{"Sid": "Ours", "Action": "new"}, {"Sid": "X"}]


def test_the_digest_tells_plans_apart() -> None:
    everything = plan(NAMES, actual({}))
    part = plan(NAMES, actual({WANTED[0].key: WANTED[0].spec}))
    assert everything.digest == plan(NAMES, actual({})).digest
    assert everything.digest != part.digest


@given(st.sets(st.sampled_from([r.key for r in WANTED])))
def test_what_is_left_of_a_plan_continues_it_and_another_aim_doesnt(made: set[str]) -> None:
    begun = plan(NAMES, actual({}))
    rest = plan(NAMES, actual({key: spec for key, spec in whole().items() if key in made}))

    assert rest.continues(begun)
    assert not plan(NAMES, actual({}), quickstart=True).continues(begun)


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_every_trust_names_the_account_and_no_partition_is_fixed(partition: str) -> None:
    elsewhere = desired(NAMES.model_copy(update={"partition": partition}), quickstart=True)
    for resource in elsewhere:
        assert "arn:aws:" not in json.dumps(
            resource.spec | {"boundary": "", "attached": []}
            if resource.kind is Kind.GROUP
            else resource.spec | {"boundary": ""}
        )
        for statement in resource.spec.get("trust", {}).get("Statement", []):
            assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == NAMES.account


def test_each_document_that_is_written_can_be_unfolded() -> None:
    titles = {
        c.resource.key: [title for title, _ in documents(c)]
        for c in plan(NAMES, actual({})).changes
    }

    assert titles[JOB_ROLE.key] == ["trust", NAMES.job_policy]
    assert titles[BUCKET.key] == ["policy", "lifecycle"]
    assert titles[GROUP.key] == []


def memory(*made: str, tier: bool = True) -> Memory:
    before = {ACTIVATION_TIER: "standard"} if tier else {}
    return Memory(made=dict.fromkeys(made, START), settings_before=before)


def test_teardown_takes_what_setup_made_in_reverse_and_leaves_the_rest() -> None:
    made = [r.key for r in WANTED if r.kind is not Kind.GROUP]
    found = teardown(NAMES, actual(whole()), memory(*made), Leftovers())

    kept = [r.key for r in reversed(WANTED) if r.kind is not Kind.GROUP]
    assert [c.resource.key for c in found.changes] == kept
    assert {c.action for c in found.changes} == {Action.DELETE}
    assert [(n.resource, n.why) for n in found.left] == [(GROUP.key, "teardown.left.not-made")]


@pytest.mark.parametrize(
    ("leftovers", "tier", "left"),
    [
        (Leftovers(foreign_nodes=True), True, (TIER.key, "teardown.left.foreign-nodes")),
        (Leftovers(), False, (TIER.key, "teardown.left.not-changed")),
        (Leftovers(bucket_has_outputs=True), True, (BUCKET.key, "teardown.left.outputs")),
    ],
)
def test_teardown_leaves_what_others_need(
    leftovers: Leftovers, *, tier: bool, left: tuple[str, str]
) -> None:
    made = memory(*whole(), tier=tier)
    found = teardown(NAMES, actual(whole()), made, leftovers)

    assert [(n.resource, n.why) for n in found.left] == [left]
    assert left[0] not in {c.resource.key for c in found.changes}


def test_a_group_that_others_use_as_well_is_left() -> None:
    specs = whole()
    specs[GROUP.key] = {"attached": ["arn:aws:iam::1:policy/Theirs"], "inline": {}}
    found = teardown(NAMES, actual(specs), memory(*whole()), Leftovers())

    assert (GROUP.key, "teardown.left.group") in [(n.resource, n.why) for n in found.left]


def test_drift_keeps_its_date_while_it_is_the_same_and_is_news_once() -> None:
    day = timedelta(days=1)
    fine = drift(plan(NAMES, actual(whole())), None, START)
    broken = whole()
    del broken[GROUP.key]
    first = drift(plan(NAMES, actual(broken)), fine, START + day)
    second = drift(plan(NAMES, actual(broken)), first, START + 2 * day)
    mended = drift(plan(NAMES, actual(whole())), second, START + 3 * day)

    assert fine.since == mended.since == {}
    assert first.since[GROUP.key].seen == START + day
    assert first.since[GROUP.key].fine == START
    assert second.since == first.since
    assert [is_news(first, fine), is_news(second, first), is_news(mended, second)] == [
        True,
        False,
        False,
    ]
