"""CloudFormation's intrinsic functions, as far as a SAM template of this kind uses them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_VALUE = "AWS::NoValue"
_VARIABLE = re.compile(r"\$\{(!?)([^}]+)\}")


class TemplateError(Exception):
    """The template says something that the sandbox can't follow; the message says what."""


class Resources(Protocol):
    """What the resources of a stack turned out to be (CloudFormation's return values)."""

    def ref(self, logical_id: str) -> str: ...

    def attribute(self, logical_id: str, name: str) -> str: ...


def parse_yaml(text: str) -> dict[str, Any]:
    """Read a template; short tags become the long form (`!Ref A` → `{"Ref": "A"}`)."""
    document = yaml.load(text, Loader=_Loader)  # noqa: S506 - it is a SafeLoader
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise TemplateError("The template has no Resources section.")
    return document


class Resolver:
    """Replaces intrinsic functions by values.

    Parameters are the template's defaults with overrides, and `AWS::Region` and its like.
    A reference to a resource asks `resources`, which may create it at that moment: so resources
    come into being in the order of their dependencies, as in CloudFormation.
    """

    def __init__(
        self,
        *,
        parameters: Mapping[str, Any],
        conditions: Mapping[str, Any],
        mappings: Mapping[str, Any],
        logical_ids: frozenset[str],
    ) -> None:
        self._parameters = parameters
        self._conditions = conditions
        self._mappings = mappings
        self._logical_ids = logical_ids

    def holds(self, condition: str) -> bool:
        """Whether a named condition is true. Conditions can't refer to resources."""
        if condition not in self._conditions:
            raise TemplateError(f"Condition {condition} isn't defined.")
        return self._truth(self._conditions[condition])

    def resolve(self, value: Any, resources: Resources) -> Any:  # noqa: ANN401 - any YAML value
        """Return `value` with every intrinsic function replaced; AWS::NoValue entries disappear."""
        if isinstance(value, list):
            items = (self.resolve(item, resources) for item in value)
            return [item for item in items if item is not _ABSENT]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument), *_ = value.items()
            if name == "Ref":
                return self._ref(argument, resources)
            if name.startswith("Fn::"):
                return self._call(name, argument, resources)
        pairs = ((key, self.resolve(item, resources)) for key, item in value.items())
        return {key: item for key, item in pairs if item is not _ABSENT}

    def _ref(self, name: str, resources: Resources) -> Any:  # noqa: ANN401
        if name == NO_VALUE:
            return _ABSENT
        if name in self._parameters:
            return self._parameters[name]
        if name in self._logical_ids:
            return resources.ref(name)
        raise TemplateError(f"Ref {name}: no parameter or resource has that name.")

    def _call(self, name: str, argument: Any, resources: Resources) -> Any:  # noqa: ANN401, PLR0911
        match name:
            case "Fn::GetAtt":
                return self._attribute(argument, resources)
            case "Fn::Sub":
                return self._substitute(argument, resources)
            case "Fn::If":
                condition, if_true, if_false = argument
                return self.resolve(if_true if self.holds(condition) else if_false, resources)
            case "Fn::Equals" | "Fn::Not" | "Fn::And" | "Fn::Or":
                return self._truth({name: argument})
        operands = self.resolve(argument, resources)
        match name:
            case "Fn::Join":
                separator, parts = operands
                return str(separator).join(map(str, parts))
            case "Fn::Select":
                index, items = operands
                return items[int(index)]
            case "Fn::Split":
                separator, text = operands
                return str(text).split(separator)
            case "Fn::FindInMap":
                mapping, first, second = operands
                try:
                    return self._mappings[mapping][first][second]
                except KeyError as error:
                    raise TemplateError(f"FindInMap {operands}: no such entry.") from error
        raise TemplateError(f"{name} isn't something the sandbox knows.")

    def _attribute(self, argument: Any, resources: Resources) -> str:  # noqa: ANN401
        logical_id, _, name = (
            argument.partition(".")
            if isinstance(argument, str)
            else (
                argument[0],
                ".",
                argument[1],
            )
        )
        if logical_id not in self._logical_ids:
            raise TemplateError(f"GetAtt {logical_id}.{name}: no resource has that name.")
        return resources.attribute(logical_id, name)

    def _substitute(self, argument: Any, resources: Resources) -> str:  # noqa: ANN401
        text, local = (argument, {}) if isinstance(argument, str) else argument
        values = {key: self.resolve(item, resources) for key, item in local.items()}

        def replace(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return "${" + name + "}"
            if name in values:
                return str(values[name])
            if "." in name:
                return self._attribute(name, resources)
            return str(self._ref(name, resources))

        return _VARIABLE.sub(replace, text)

    def _truth(self, value: Any) -> bool:  # noqa: ANN401
        if isinstance(value, dict) and len(value) == 1:
            (name, argument), *_ = value.items()
            match name:
                case "Condition":
                    return self.holds(argument)
                case "Fn::Equals":
                    left, right = self.resolve(argument, _NO_RESOURCES)
                    return _text(left) == _text(right)
                case "Fn::Not":
                    return not self._truth(argument[0])
                case "Fn::And":
                    return all(self._truth(item) for item in argument)
                case "Fn::Or":
                    return any(self._truth(item) for item in argument)
        raise TemplateError(f"{value!r} isn't a condition.")


class _NoResources:
    def ref(self, logical_id: str) -> str:
        raise TemplateError(f"A condition can't refer to the resource {logical_id}.")

    def attribute(self, logical_id: str, name: str) -> str:
        raise TemplateError(f"A condition can't refer to {logical_id}.{name}.")


_NO_RESOURCES = _NoResources()
_ABSENT: Any = object()


def _text(value: Any) -> str:  # noqa: ANN401
    """CloudFormation compares parameters as text: YAML's `true` equals the parameter "true"."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class _Loader(yaml.SafeLoader):
    """SafeLoader with CloudFormation's tags, and without dates: `Version: 2012-10-17` is text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own name and shape
        first: [
            (tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    raise TemplateError(f"!{suffix} can't be read.")


_Loader.add_multi_constructor("!", _tag)
