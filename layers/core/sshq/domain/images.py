"""Names of SageMaker's framework images (`pytorch:2.10-gpu-py313`) and the registry's address of each.

The catalogue is made from the `sagemaker` SDK's own data by scripts/make_image_catalogue.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

# pytorch · pytorch:2.10 · pytorch:2.10-gpu · pytorch:2.10-gpu-py313
_NAME = re.compile(
    r"(?P<framework>[a-z0-9]+)(?::(?P<version>[0-9][A-Za-z0-9.]*(?:-[0-9]+)?)"
    r"(?:-(?P<processor>cpu|gpu))?(?:-(?P<python>py[0-9]+))?)?"
)
_ACCELERATED = re.compile(r"^ml\.[gp][0-9]")
_OTHER_CHIPS = re.compile(r"^ml\.(trn|inf)")


@dataclass(frozen=True)
class ResolvedImage:
    """`name` is the full name in the catalogue; for an address that was typed it is that address."""

    uri: str
    name: str


def resolve_image(
    asked: str, *, catalogue: Mapping[str, Any], region: str, instance: str
) -> ResolvedImage:
    """The image's address in the region's registry. An address (with a `/`) is taken as it is."""
    if "/" in asked:
        return ResolvedImage(uri=asked, name=asked)
    found = _NAME.fullmatch(asked)
    rows = catalogue["images"].get(found["framework"]) if found else None
    if found is None or rows is None:
        raise Refusal(
            Reason.UNKNOWN_IMAGE, image=asked, near=", ".join(sorted(catalogue["images"]))
        )
    if _OTHER_CHIPS.match(instance):
        raise Refusal(Reason.IMAGE_NEEDS_ADDRESS, image=asked, instance=instance)
    processor = found["processor"] or ("gpu" if _ACCELERATED.match(instance) else "cpu")
    fitting = [
        row
        for row in rows
        if found["version"] in (None, *row["versions"])
        and processor in row["tags"]
        and found["python"] in (None, row["python"])
    ]
    if not fitting:
        near = ", ".join(_names(found["framework"], rows)[:5])
        raise Refusal(Reason.UNKNOWN_IMAGE, image=asked, near=near)
    row = fitting[0]
    registry = catalogue["registries"][row["registry"]].get(region)
    if registry is None:
        raise Refusal(Reason.IMAGE_NOT_IN_REGION, image=asked, region=region)
    version = found["version"] or row["versions"][0]
    tag = row["tags"][processor].replace("{version}", version)
    python = f"-{row['python']}" if row["python"] else ""
    return ResolvedImage(
        uri=f"{registry}.dkr.{catalogue['hosts'][region]}/{row['repository']}:{tag}",
        name=f"{found['framework']}:{version}-{processor}{python}",
    )


def _names(framework: str, rows: list[dict[str, Any]]) -> list[str]:
    return [
        f"{framework}:{row['versions'][-1]}-{processor}"
        + (f"-{row['python']}" if row["python"] else "")
        for row in rows
        for processor in row["tags"]
    ]
