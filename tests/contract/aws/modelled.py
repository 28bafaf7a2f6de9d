"""Whether a JSON answer is what AWS's model of the operation says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "timestamp": (int, float),
    "float": (int, float),
    "double": (int, float),
}


class Recorded:
    """The raw bodies of a boto3 client's answers, checked against its model as they come."""

    def __init__(self, client: Any) -> None:
        self.operations: set[str] = set()
        client.meta.events.register("before-parse", self._check)

    def _check(self, operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
        if response_dict["status_code"] >= 300:
            return
        self.operations.add(operation_model.name)
        shape = operation_model.output_shape
        body = json.loads(response_dict["body"] or b"{}")
        found = list(breaches(shape, body, operation_model.name)) if shape else []
        assert not found, found


def breaches(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Members that the model lacks, required ones that are missing, and wrong types."""
    kind = shape.type_name
    if kind == "structure":
        for name in shape.required_members:
            if name not in value:
                yield f"{path}.{name} is missing"
        for name, member in value.items():
            if name not in shape.members:
                yield f"{path}.{name} isn't in the model"
            else:
                yield from breaches(shape.members[name], member, f"{path}.{name}")
    elif kind == "list":
        for index, member in enumerate(value):
            yield from breaches(shape.member, member, f"{path}[{index}]")
    elif kind == "map":
        for key, member in value.items():
            yield from breaches(shape.value, member, f"{path}.{key}")
    elif not isinstance(value, _TYPES[kind]):
        yield f"{path} is {value!r}, not a {kind}"
    elif kind == "string" and shape.enum and value not in shape.enum:
        yield f"{path} is {value!r}, not one of {shape.enum}"
