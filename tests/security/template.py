"""template.yaml as data: its resources, and every IAM statement with where it stands.

References become strings that a test can read: `!GetAtt Table.Arn` → "${Table.Arn}",
`!Ref Boundary` → "${Boundary}", and `!Sub` keeps its text.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


class _Loader(yaml.SafeLoader):
    """SafeLoader that knows CloudFormation's short forms."""


def _reference(loader: _Loader, tag: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.ScalarNode):
        text = str(loader.construct_scalar(node))
        return text if tag == "Sub" else f"${{{text}}}"
    if isinstance(node, yaml.SequenceNode):
        return {f"Fn::{tag}": loader.construct_sequence(node, deep=True)}
    raise TypeError(tag)


_Loader.add_multi_constructor("!", _reference)


@cache
def template() -> dict[str, Any]:
    """The whole template, read once; tests only look at it."""
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    found = yaml.load(text, Loader=_Loader)  # noqa: S506  (a SafeLoader underneath)
    assert isinstance(found, dict)
    return found


def resources(of_type: str) -> dict[str, dict[str, Any]]:
    """Logical id → resource, of one CloudFormation type."""
    return {
        name: resource
        for name, resource in template()["Resources"].items()
        if resource["Type"] == of_type
    }


def listed(value: object) -> list[Any]:
    """IAM lets one stand for a list of one."""
    return value if isinstance(value, list) else [value]


@dataclass(frozen=True)
class Statement:
    """One IAM statement, with the logical id of the resource that holds it."""

    holder: str
    body: dict[str, Any]

    @property
    def sid(self) -> str:
        return str(self.body["Sid"])

    @property
    def allows(self) -> bool:
        return bool(self.body["Effect"] == "Allow")

    @property
    def actions(self) -> list[str]:
        return listed(self.body["Action"])

    @property
    def resources(self) -> list[str]:
        return listed(self.body["Resource"])

    @property
    def conditions(self) -> dict[tuple[str, str], Any]:
        """(operator, key) → value."""
        return {
            (operator, key): value
            for operator, keys in self.body.get("Condition", {}).items()
            for key, value in keys.items()
        }

    def __str__(self) -> str:
        return f"{self.holder}.{self.sid}"


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Logical id → policy document: managed, inline and key policies; not the trust policies."""
    for name, resource in template()["Resources"].items():
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::IAM::ManagedPolicy":
                yield name, at_most(properties["PolicyDocument"])
            case "AWS::KMS::Key":
                yield name, properties["KeyPolicy"]
            case "AWS::IAM::Role":
                for policy in properties["Policies"]:
                    yield name, policy["PolicyDocument"]
            case _:
                pass


def at_most(document: dict[str, Any]) -> dict[str, Any]:
    """A document with the statements that stand under a condition, as if each condition held."""
    found = [entry.get("Fn::If", [None, entry])[1] for entry in document["Statement"]]
    return document | {"Statement": found}


def statements() -> list[Statement]:
    """Every statement of every policy in the template."""
    return [Statement(name, body) for name, doc in documents() for body in doc["Statement"]]


def rights_of(function: str) -> list[Statement]:
    """What one function may do: its role's own statements and those of the policies it shares."""
    functions = resources("AWS::Serverless::Function")
    role = functions[function]["Properties"]["Role"].removeprefix("${").removesuffix(".Arn}")
    attached = resources("AWS::IAM::Role")[role]["Properties"].get("ManagedPolicyArns", [])
    holders = {role, *(name.removeprefix("${").removesuffix("}") for name in attached)}
    return [statement for statement in statements() if statement.holder in holders]
