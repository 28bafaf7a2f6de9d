"""Where in S3 jobs may read and write beside sshq's own bucket: what the stack's parameters name.

`s3://team-data,s3://code/lib` is all of the bucket `team-data`, and in `code` the object `lib` and
whatever is below `lib/`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sshq.domain.model import Model

if TYPE_CHECKING:
    from collections.abc import Collection

# No `*`, `?` or `$`: in a policy they would mean more than they say.
_LOCATION = re.compile(
    r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])"
    r"(?:/(?P<prefix>[A-Za-z0-9_!.()'/=+@-]*))?"
)


class Location(Model):
    """A bucket, or a part of it. `prefix` neither begins nor ends with a slash; empty is all."""

    bucket: str
    prefix: str = ""

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}" if self.prefix else f"s3://{self.bucket}"

    def holds(self, address: str) -> bool:
        """Whether all that an S3 address stands for lies in here."""
        bucket, _, key = address.removeprefix("s3://").partition("/")
        if bucket != self.bucket:
            return False
        return not self.prefix or key == self.prefix or key.startswith(f"{self.prefix}/")


def locations_from(setting: str) -> tuple[Location, ...]:
    """From a parameter. A malformed entry fails at start, not at a run."""
    found = []
    for entry in filter(None, (part.strip() for part in setting.split(","))):
        match = _LOCATION.fullmatch(entry)
        if match is None:
            raise ValueError(f"{entry!r} isn't s3://bucket or s3://bucket/prefix")
        found.append(Location(bucket=match["bucket"], prefix=(match["prefix"] or "").strip("/")))
    return tuple(found)


def outside(addresses: Collection[str], locations: Collection[Location]) -> list[str]:
    """The S3 addresses that lie in none of the locations."""
    return [
        address
        for address in addresses
        if not any(location.holds(address) for location in locations)
    ]
