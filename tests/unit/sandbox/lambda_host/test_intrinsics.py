from __future__ import annotations

import pytest

from sshq_sandbox.lambda_host.intrinsics import Resolver, TemplateError, parse_yaml


class Named:
    """Each resource's ref is its name in lower case, each attribute its path."""

    def ref(self, logical_id: str) -> str:
        return logical_id.lower()

    def attribute(self, logical_id: str, name: str) -> str:
        return f"{logical_id.lower()}/{name}"


RESOLVER = Resolver(
    parameters={"Stage": "prod", "AWS::Region": "eu-west-1", "Empty": ""},
    conditions={
        "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "NotProd": {"Fn::Not": [{"Condition": "IsProd"}]},
        "Both": {"Fn::And": [{"Condition": "IsProd"}, {"Condition": "NotProd"}]},
        "Either": {"Fn::Or": [{"Condition": "IsProd"}, {"Condition": "NotProd"}]},
        "OnResource": {"Fn::Equals": [{"Ref": "Table"}, "table"]},
    },
    mappings={"Sizes": {"eu-west-1": {"small": 7}}},
    logical_ids=frozenset({"Table", "Queue"}),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!Ref Stage", "prod"),
        ("!Ref Table", "table"),
        ("!Ref AWS::Region", "eu-west-1"),
        ("!GetAtt Table.Arn", "table/Arn"),
        ("!GetAtt [Table, Stream.Arn]", "table/Stream.Arn"),
        ("!Sub ${Stage}-${Table}-${Queue.Arn}-${!Literal}", "prod-table-queue/Arn-${Literal}"),
        ("!Sub ['${X}/${AWS::Region}', {X: !Ref Stage}]", "prod/eu-west-1"),
        ("!Join [':', [a, !Ref Stage, 3]]", "a:prod:3"),
        ("!If [IsProd, 1, 2]", 1),
        ("!If [NotProd, 1, 2]", 2),
        ("!If [Both, 1, 2]", 2),
        ("!If [Either, 1, 2]", 1),
        ("!Select [1, !Split [',', 'a,b,c']]", "b"),
        ("!FindInMap [Sizes, !Ref AWS::Region, small]", 7),
        ("[a, !Ref AWS::NoValue, b]", ["a", "b"]),
        ("{a: !If [NotProd, 1, !Ref AWS::NoValue], b: 2}", {"b": 2}),
        ("{Fn::Join: ['-', [x, y]]}", "x-y"),
        ("2012-10-17", "2012-10-17"),
    ],
)
def test_intrinsics_become_values(text: str, expected: object) -> None:
    document = parse_yaml(f"Resources:\n  It: {text}\n")

    assert RESOLVER.resolve(document["Resources"]["It"], Named()) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("!Ref Nobody", "Nobody"),
        ("!GetAtt Nobody.Arn", "Nobody"),
        ("!ImportValue x", "ImportValue"),
        ("!If [Unheard, 1, 2]", "Unheard"),
        ("!If [OnResource, 1, 2]", "Table"),
        ("!FindInMap [Sizes, nowhere, small]", "no such entry"),
    ],
)
def test_what_cannot_be_followed_is_named(text: str, complaint: str) -> None:
    document = parse_yaml(f"Resources:\n  It: {text}\n")

    with pytest.raises(TemplateError, match=complaint):
        RESOLVER.resolve(document["Resources"]["It"], Named())


def test_a_file_without_resources_is_no_template() -> None:
    with pytest.raises(TemplateError, match="Resources"):
        parse_yaml("Parameters: {}\n")


def test_conditions_compare_as_text() -> None:
    resolver = Resolver(
        parameters={"On": True},
        conditions={"IsOn": {"Fn::Equals": [{"Ref": "On"}, "true"]}},
        mappings={},
        logical_ids=frozenset(),
    )

    assert resolver.holds("IsOn")
