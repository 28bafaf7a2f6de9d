"""The VPCs that jobs may be put into, by the names that the stack's parameter gives them."""

from __future__ import annotations

import re

from sshq.domain.model import Model

_ENTRY = re.compile(
    r"(?P<name>[a-z0-9](?:-?[a-z0-9])*)="
    r"(?P<subnets>subnet-[0-9a-f]+(?:,subnet-[0-9a-f]+)*)/(?P<groups>sg-[0-9a-f]+(?:,sg-[0-9a-f]+)*)"
)


class Network(Model):
    """Subnets and security groups, as CreateTrainingJob's VpcConfig wants them."""

    name: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]


def networks_from(setting: str) -> dict[str, Network]:
    """`lab=subnet-1a,subnet-2b/sg-3c;other=…`. A malformed entry fails at start, not at a run."""
    found = {}
    for entry in filter(None, (part.strip() for part in setting.split(";"))):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise ValueError(f"{entry!r} isn't name=subnet-…,subnet-…/sg-…")
        found[match["name"]] = Network(
            name=match["name"],
            subnets=tuple(match["subnets"].split(",")),
            security_groups=tuple(match["groups"].split(",")),
        )
    return found
