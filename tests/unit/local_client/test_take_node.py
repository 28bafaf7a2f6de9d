"""A machine that came in place of another is pinned; another key of the same machine never is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sshq_local.lease import Lease, Node
from sshq_local.lease_store import LeaseStore

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = "ssh-ed25519 AAAAold", "ssh-ed25519 AAAAnew"
NODES = tuple(Node(rank, f"sshq-a-w-{rank}", f"mi-{rank}", (OLD,)) for rank in (0, 1))


def store_with(tmp_path: Path) -> tuple[LeaseStore, Lease]:
    store = LeaseStore(tmp_path)
    lease = Lease(
        id="lease-1",
        api="https://api.test",
        job="sshq-a-w",
        owner="T/U",
        expires_at=2**31,
        nodes=NODES,
        login_user="root",
        certificate_expires_at=2**31,
        ticket_sha256="0" * 64,
        ca_file="",
    )
    store.add(lease, private_key=b"key", certificate="certificate")
    return store, lease


def test_the_new_machine_of_a_rank_is_the_one_that_ssh_expects(tmp_path: Path) -> None:
    store, lease = store_with(tmp_path)

    store.take_node(lease, replace(NODES[1], id="mi-9", host_keys=(NEW,)))

    kept = store.get("lease-1")
    assert kept
    assert [node.id for node in kept.nodes] == ["mi-0", "mi-9"]
    assert store.known_hosts_file("lease-1").read_text() == (
        f"sshq-a-w-0 {OLD}\nsshq-a-w-1 {NEW}\n"
    )


def test_another_key_alias_rank_or_lease_changes_nothing(tmp_path: Path) -> None:
    store, lease = store_with(tmp_path)
    before = store.known_hosts_file("lease-1").read_text()

    store.take_node(lease, replace(NODES[0], host_keys=(NEW,)))
    store.take_node(lease, replace(NODES[0], id="mi-9", alias="sshq-other", host_keys=(NEW,)))
    store.take_node(lease, replace(NODES[0], rank=7, id="mi-9", host_keys=(NEW,)))
    store.take_node(replace(lease, id="lease-2"), replace(NODES[0], id="mi-9", host_keys=(NEW,)))

    assert store.known_hosts_file("lease-1").read_text() == before
    assert store.get("lease-1") == lease
