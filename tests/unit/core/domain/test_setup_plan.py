"""Plans: from what is to what should be, and no further."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.setup_plan import Action, Actual, Names, desired, merged_trust, plan
from tests.core_services import SETTINGS

NAMES = Names(**{name: getattr(SETTINGS, name) for name in Names.model_fields})
WANTED = desired(NAMES)


def actual(specs: dict[str, dict[str, Any]]) -> Actual:
    return Actual(account="1", region="r", specs=specs)


def after(specs: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the account has once the plan is applied."""
    changes = plan(WANTED, actual(specs)).changes
    return specs | {change.resource.key: change.resource.spec for change in changes}


@given(st.sets(st.sampled_from([r.key for r in WANTED])))
def test_whatever_is_there_one_run_is_enough(there: set[str]) -> None:
    specs = {r.key: r.spec for r in WANTED if r.key in there}
    assert len(plan(WANTED, actual(specs)).changes) == len(WANTED) - len(there)
    assert plan(WANTED, actual(after(specs))).changes == ()


def test_what_others_added_to_a_role_survives() -> None:
    role = next(r for r in WANTED if r.name == NAMES.job_role)
    theirs = {"Sid": "Theirs", "Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}}
    specs = {
        role.key: {
            "trust": {"Version": "2012-10-17", "Statement": [theirs]},
            "boundary": "",
            "attached": ["arn:aws:iam::aws:policy/Theirs"],
            "inline": {"theirs": {}},
        }
    }
    (change,) = [c for c in plan(WANTED, actual(specs)).changes if c.resource.key == role.key]
    spec = change.resource.spec
    assert change.action is Action.CHANGE
    assert spec["trust"]["Statement"][0] == theirs
    assert spec["trust"]["Statement"][1]["Sid"] == "SshqJobs"
    assert "arn:aws:iam::aws:policy/Theirs" in spec["attached"]
    assert "theirs" in spec["inline"]
    assert spec["boundary"] == NAMES.boundary_arn


def test_our_statement_is_mended_in_place_and_not_doubled() -> None:
    wanted = {"Statement": [{"Sid": "Ours", "Action": "new"}]}
    was = {"Version": "2012-10-17", "Statement": [{"Sid": "Ours", "Action": "old"}, {"Sid": "X"}]}
    assert merged_trust(was, wanted)["Statement"] == [
        {"Sid": "Ours", "Action": "new"},
        {"Sid": "X"},
    ]


def test_the_digest_tells_plans_apart() -> None:
    whole = plan(WANTED, actual({}))
    part = plan(WANTED, actual({WANTED[0].key: WANTED[0].spec}))
    assert whole.digest == plan(WANTED, actual({})).digest
    assert whole.digest != part.digest


def test_every_trust_names_the_account_and_no_partition_is_fixed() -> None:
    in_china = desired(NAMES.model_copy(update={"partition": "aws-cn"}))
    for resource in in_china:
        assert "arn:aws:" not in json.dumps(
            {k: v for k, v in resource.spec.items() if k not in {"boundary", "attached"}}
        )
        for statement in resource.spec.get("trust", {}).get("Statement", []):
            assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == NAMES.account
