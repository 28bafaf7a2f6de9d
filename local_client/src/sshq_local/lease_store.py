"""The leases that this computer holds: a folder each, readable by its user only.

<data>/leases/<lease id>/lease.json  id_ed25519  id_ed25519-cert.pub  known_hosts
<data>/pending/<ticket's hash>/id_ed25519     a key saved before its ticket is redeemed
"""

from __future__ import annotations

import contextlib
import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sshq_local.atomic_write import write_atomically
from sshq_local.errors import Reason, Refusal, refusal
from sshq_local.file_lock import locked
from sshq_local.first_session import FILE
from sshq_local.lease import Lease, Node, lease_from_json
from sshq_local.private_folder import make_private_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


LINGERS = 86_400
"""Seconds for which a lease is kept after the end that this computer knows of."""


class LeaseStore:
    """root: sshq's data folder; made (0700) when something is first written."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._leases = root / "leases"
        self._pending = root / "pending"

    def folder(self, lease_id: str) -> Path:
        return self._leases / lease_id

    def key_file(self, lease_id: str) -> Path:
        return self.folder(lease_id) / "id_ed25519"

    def certificate_file(self, lease_id: str) -> Path:
        return self.folder(lease_id) / "id_ed25519-cert.pub"

    def known_hosts_file(self, lease_id: str) -> Path:
        return self.folder(lease_id) / "known_hosts"

    def get(self, lease_id: str) -> Lease | None:
        """The lease, or None. Raises Refusal when its file is damaged."""
        try:
            stored = json.loads((self.folder(lease_id) / "lease.json").read_bytes())
        except FileNotFoundError:
            return None
        except ValueError:
            raise _damaged(lease_id) from None
        if not isinstance(stored, dict):
            raise _damaged(lease_id)
        return lease_from_json(stored)

    def all(self) -> list[Lease]:
        """Every readable lease, the newest first; a damaged one is passed over."""
        leases: list[Lease] = []
        with contextlib.suppress(FileNotFoundError):
            for folder in self._leases.iterdir():
                if folder.name.startswith(".") or not folder.is_dir():
                    continue
                with contextlib.suppress(Refusal):
                    lease = self.get(folder.name)
                    if lease is not None and lease.id == folder.name:
                        leases.append(lease)
        return sorted(leases, key=lambda lease: (-lease.taken_at, -lease.expires_at, lease.id))

    def by_ticket(self, ticket_sha256: str, *, now: float) -> Lease | None:
        """The live lease that this ticket was redeemed for."""
        return next(
            (
                lease
                for lease in self.all()
                if lease.ticket_sha256 == ticket_sha256 and lease.expires_at > now
            ),
            None,
        )

    def held(self, name: str) -> tuple[Lease, Node] | None:
        """The lease and node for an alias or job's name (`sshq-` may be left out)."""
        return _named(name, self.all())

    def find(self, name: str) -> tuple[Lease, Node]:
        """The same. Raises Refusal when there is none."""
        found = self.held(name)
        if found is not None:
            return found
        raise refusal(Reason.NO_SUCH_LEASE, "lease.none-for", name=repr(name))

    @contextlib.contextmanager
    def redeeming(self, ticket_sha256: str) -> Iterator[Path]:
        """Redeem alone on this computer; gives the file where the ticket's key is (to be) kept.

        Whoever holds it looks with `by_ticket` first: another process may just have redeemed it.
        The lock stands outside the ticket's folder: a lock file that is removed holds nobody off.
        """
        folder = self._pending / ticket_sha256
        with locked(self.root / "redeeming.lock"):
            make_private_folder(folder)
            yield folder / "id_ed25519"

    def forget_pending(self, ticket_sha256: str) -> None:
        shutil.rmtree(self._pending / ticket_sha256, ignore_errors=True)

    def add(
        self, lease: Lease, *, private_key: bytes, certificate: str, first_session: bytes = b""
    ) -> None:
        """Write the lease's folder, all of it or nothing, then forget the pending key."""
        make_private_folder(self._leases)
        staging = self._leases / f".{lease.id}-{lease.ticket_sha256[:8]}"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(mode=0o700)
        write_atomically(staging / "id_ed25519", private_key)
        write_atomically(staging / "id_ed25519-cert.pub", f"{certificate}\n".encode())
        write_atomically(staging / "known_hosts", known_hosts(lease).encode())
        write_atomically(staging / "lease.json", _encoded(lease.as_json()))
        if first_session:
            write_atomically(staging / FILE, first_session)
        if self.folder(lease.id).exists():  # the same lease, from a run that died half-way
            shutil.rmtree(self.folder(lease.id))
        staging.rename(self.folder(lease.id))
        self.forget_pending(lease.ticket_sha256)

    def renew(self, lease: Lease, certificate: str, *, valid_before: int) -> Lease:
        """Replace the certificate, which ends at `valid_before`; gives the lease as it stands then.

        No certificate outlives its lease: a later one tells that the lease's end was moved.
        """
        write_atomically(self.certificate_file(lease.id), f"{certificate}\n".encode())
        return self._change(
            lease,
            lambda kept: replace(
                kept,
                certificate_expires_at=valid_before,
                expires_at=max(kept.expires_at, valid_before),
            ),
        )

    def take_node(self, lease: Lease, node: Node) -> None:
        """Pin the machine that has taken the place of the one of its rank: SageMaker gave another.

        Another host key of the same machine isn't taken: that is for ssh to refuse.
        """

        def moved(kept: Lease) -> Lease:
            known = kept.node(node.rank)
            if known is None or known.id == node.id or known.alias != node.alias:
                return kept
            nodes = tuple(node if each.rank == node.rank else each for each in kept.nodes)
            return replace(kept, nodes=nodes)

        self._change(lease, moved)

    def trust(self, lease: Lease, ca_file: str) -> Lease:
        """Keep another CA file; gives the lease as it stands then."""
        return self._change(lease, lambda kept: replace(kept, ca_file=ca_file))

    def remove(self, lease_id: str) -> None:
        """All at once for whoever looks at the same time: half a lease would be a damaged one."""
        going = self._leases / f".{lease_id}-gone"
        with contextlib.suppress(OSError):  # Windows, while somebody has one of its files open
            self.folder(lease_id).rename(going)
        shutil.rmtree(going, ignore_errors=True)
        shutil.rmtree(self.folder(lease_id), ignore_errors=True)

    def prolong(self, lease: Lease, expires_at: int) -> Lease:
        """Keep a later end, if it is one; gives the lease as it stands then."""
        if expires_at <= lease.expires_at:  # and a folder that can't be written does no harm
            return lease
        return self._change(
            lease, lambda kept: replace(kept, expires_at=max(kept.expires_at, expires_at))
        )

    def remove_expired(self, *, now: float) -> None:
        """Remove leases that ended a day ago: somebody may have moved the end (`/sshq extend`).

        Until then the access API itself tells whoever tries that it is over.
        """
        for lease in self.all():
            if lease.expires_at + LINGERS <= now:
                self.remove(lease.id)

    def record_failure(self, lease_id: str, failure: dict[str, Any]) -> None:
        """Keep why the ProxyCommand last failed: with ControlPersist, ssh hides its stderr."""
        with contextlib.suppress(OSError):  # a lease that has gone meanwhile
            write_atomically(self._failure_file(lease_id), _encoded(failure))

    def last_failure(self, lease_id: str, *, since: float) -> dict[str, Any] | None:
        """What `record_failure` kept since `since` (epoch seconds)."""
        path = self._failure_file(lease_id)
        try:
            if path.stat().st_mtime < since:
                return None
            failure = json.loads(path.read_bytes())
        except (OSError, ValueError):
            return None
        return failure if isinstance(failure, dict) else None

    def _change(self, lease: Lease, change: Callable[[Lease], Lease]) -> Lease:
        """Change what is kept of a lease, as it is kept now: another process may have changed it."""
        with locked(self.root / "leases.lock"):
            kept = self.get(lease.id)
            if kept is None:  # given back meanwhile
                return change(lease)
            changed = change(kept)
            if changed.nodes != kept.nodes:
                write_atomically(self.known_hosts_file(lease.id), known_hosts(changed).encode())
            if changed != kept:
                write_atomically(self.folder(lease.id) / "lease.json", _encoded(changed.as_json()))
            return changed

    def _failure_file(self, lease_id: str) -> Path:
        return self.folder(lease_id) / "last_failure.json"


def _named(name: str, leases: list[Lease]) -> tuple[Lease, Node] | None:
    for wanted in (name, f"sshq-{name}"):
        for lease in leases:
            for node in lease.nodes:
                if wanted == node.alias:
                    return lease, node
            if wanted == lease.job:
                return lease, lease.nodes[0]
    return None


def known_hosts(lease: Lease) -> str:
    """One line for each node and host key, under the node's HostKeyAlias."""
    return "".join(
        f"{node.alias} {host_key}\n" for node in lease.nodes for host_key in node.host_keys
    )


def _encoded(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()


def _damaged(lease_id: str) -> Refusal:
    return refusal(Reason.NO_SUCH_LEASE, "lease.damaged", id=lease_id)
