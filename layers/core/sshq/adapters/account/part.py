"""What the account knows of each kind of resource."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from sshq.adapters.aws_errors import code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sshq.domain.setup_plan import Change

Spec = dict[str, Any]


class Part(Protocol):
    """One kind of resource. Errors are boto3's; the account turns them into refusals."""

    def read(self, name: str) -> Spec: ...

    def write(self, change: Change) -> None:
        """Create it or change it, from `change.was` to `change.resource.spec`."""
        ...

    def delete(self, name: str) -> None: ...


@contextmanager
def gone_is_fine() -> Iterator[None]:
    """Around taking something away: boto3 asks again when an answer is lost, and finds it gone."""
    try:
        yield
    except ClientError as error:
        if code(error) not in {"NoSuchEntity", "NoSuchBucket"}:
            raise
