"""What somebody has here that goes when they leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sshq.domain.jobs import Job
    from sshq.domain.leases import Lease
    from sshq.domain.members import Member
    from sshq.domain.sharing import Share


@dataclass(frozen=True)
class Belongings:
    """A member's open jobs, their live leases on anybody's, how many SSM sessions, their shares."""

    member: Member
    jobs: Sequence[Job]
    leases: Sequence[Lease]
    sessions: int
    shares: Sequence[Share]
