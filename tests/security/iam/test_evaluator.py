"""The evaluator against what AWS documents of IAM's logic."""

from __future__ import annotations

from typing import Any

import pytest

from tests.security.iam.evaluator import Request, is_allowed


def statement(effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*", **more}


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


READ = Request("s3:GetObject", "arn:aws:s3:::b/k")


def test_nothing_is_allowed_that_no_policy_allows() -> None:
    assert not is_allowed(READ, [])
    assert is_allowed(READ, [document(statement())])
    assert not is_allowed(Request("s3:PutObject", "arn:aws:s3:::b/k"), [document(statement())])
    assert not is_allowed(Request("s3:GetObject", "arn:aws:s3:::c/k"), [document(statement())])


def test_a_denial_wins_wherever_it_stands() -> None:
    allow, deny = document(statement()), document(statement("Deny"))
    assert not is_allowed(READ, [allow, deny])
    assert not is_allowed(READ, [allow], boundary=document(statement(), statement("Deny")))


def test_a_boundary_gives_nothing_and_limits_everything() -> None:
    all_of_it = document(statement(Action="*", Resource="*"))
    assert not is_allowed(READ, [], boundary=all_of_it)
    assert is_allowed(READ, [all_of_it], boundary=document(statement()))
    assert not is_allowed(Request("iam:CreateUser", "*"), [all_of_it], document(statement()))


def test_actions_are_the_same_in_any_case_and_resources_arent() -> None:
    assert is_allowed(Request("S3:getobject", "arn:aws:s3:::b/k"), [document(statement())])
    assert not is_allowed(Request("s3:GetObject", "arn:aws:s3:::B/k"), [document(statement())])


def test_not_action_and_not_resource() -> None:
    but = {"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::secret/*"}
    assert is_allowed(READ, [document(but)])
    assert not is_allowed(Request("iam:CreateUser", "*"), [document(but)])
    assert not is_allowed(Request("s3:GetObject", "arn:aws:s3:::secret/k"), [document(but)])


@pytest.mark.parametrize(
    ("operator", "wanted", "found", "holds"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", "a", None, False),
        ("StringNotEquals", "a", "b", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", "a", None, True),
        ("StringEqualsIfExists", "a", None, True),
        ("StringEqualsIfExists", "a", "b", False),
        ("StringLike", "a?c*", "abcd", True),
        ("StringLike", "a?c", "ac", False),
        ("StringNotLike", "a*", "ab", False),
        ("StringNotLike", "a*", None, True),
        ("ArnEquals", "arn:aws:iam::*:policy/x", "arn:aws:iam::1:policy/x", True),
        ("ArnLike", "arn:aws:iam::1:policy/x", "arn:aws:iam::2:policy/x", False),
        ("Bool", "true", "true", True),
        ("Bool", True, "true", True),
        ("Bool", "true", None, False),
        ("BoolIfExists", "true", None, True),
        ("BoolIfExists", "true", "false", False),
        ("Null", "true", None, True),
        ("Null", "false", None, False),
        ("ForAllValues:StringEquals", ["a", "b"], ("a", "b"), True),
        ("ForAllValues:StringEquals", ["a"], ("a", "b"), False),
        ("ForAllValues:StringEquals", ["a"], None, True),
        ("ForAnyValue:StringLike", ["x*"], ("a", "xb"), True),
        ("ForAnyValue:StringEquals", ["x"], None, False),
    ],
)
def test_conditions(operator: str, wanted: Any, found: Any, *, holds: bool) -> None:
    context = {} if found is None else {"Some:Key": found}
    request = Request("s3:GetObject", "arn:aws:s3:::b/k", context)
    policy = document(statement(Condition={operator: {"some:key": wanted}}))

    assert is_allowed(request, [policy]) is holds


def test_every_operator_and_every_key_must_hold() -> None:
    both = {"StringEquals": {"a": "1", "b": "2"}, "Bool": {"c": "true"}}
    policy = document(statement(Condition=both))
    whole = {"a": "1", "b": "2", "c": "true"}

    assert is_allowed(Request(READ.action, READ.resource, whole), [policy])
    for missing in whole:
        rest = {key: value for key, value in whole.items() if key != missing}
        assert not is_allowed(Request(READ.action, READ.resource, rest), [policy])


def test_a_variable_is_filled_in_literally_and_without_a_value_matches_nothing() -> None:
    own = document(statement(Resource="arn:aws:s3:::b/${aws:userid}/*"))
    mine = "arn:aws:s3:::b/AIDA1/k"

    assert is_allowed(Request("s3:GetObject", mine, {"aws:userid": "AIDA1"}), [own])
    assert not is_allowed(Request("s3:GetObject", mine, {"aws:userid": "AIDA2"}), [own])
    assert not is_allowed(Request("s3:GetObject", mine, {"aws:userid": "*"}), [own])
    assert not is_allowed(Request("s3:GetObject", mine), [own])


def test_what_it_doesnt_know_is_an_error() -> None:
    unknown = document(statement(Condition={"NumericLessThan": {"a": "1"}}))
    with pytest.raises(KeyError):
        is_allowed(Request(READ.action, READ.resource, {"a": "0"}), [unknown])
    with pytest.raises(ValueError, match="Effects"):
        is_allowed(READ, [document(statement(Effects="Allow"))])
