from __future__ import annotations

import os
import shutil
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sshq_local.errors import Exit, Reason, Refusal
from sshq_local.lease import Lease, Node
from sshq_local.lease_store import LINGERS, LeaseStore
from sshq_local.leased import refused_meanwhile

if TYPE_CHECKING:
    from pathlib import Path

LEASE = Lease(
    id="lease1",
    api="https://a.example",
    job="sshq-alice-abc",
    owner="T1/U1",
    expires_at=1000,
    nodes=(
        Node(0, "sshq-alice-abc", "mi-0", ("ssh-ed25519 AAAA",)),
        Node(1, "sshq-alice-abc-1", "mi-1", ("ssh-ed25519 AAAB", "ssh-rsa AAAC")),
    ),
    login_user="root",
    certificate_expires_at=1000,
    ticket_sha256="ab" * 32,
    ca_file="",
)


@pytest.fixture
def store(tmp_path: Path) -> LeaseStore:
    store = LeaseStore(tmp_path / "data")
    with store.redeeming(LEASE.ticket_sha256) as key_file:
        key_file.write_bytes(b"KEY")
        store.add(LEASE, private_key=b"KEY", certificate="CERT")
    return store


def test_what_is_added_is_there_and_private(store: LeaseStore) -> None:
    assert store.get("lease1") == LEASE
    assert store.all() == [LEASE]
    assert store.key_file("lease1").read_bytes() == b"KEY"
    assert store.certificate_file("lease1").read_text() == "CERT\n"
    assert store.known_hosts_file("lease1").read_text() == (
        "sshq-alice-abc ssh-ed25519 AAAA\n"
        "sshq-alice-abc-1 ssh-ed25519 AAAB\n"
        "sshq-alice-abc-1 ssh-rsa AAAC\n"
    )
    if os.name == "posix":
        for path in [store.root, *store.root.rglob("*")]:
            allowed = 0o700 if path.is_dir() else 0o600
            assert stat.S_IMODE(path.stat().st_mode) & ~allowed == 0, path


def test_a_pending_key_goes_when_its_lease_is_there(store: LeaseStore) -> None:
    assert not list((store.root / "pending").iterdir())


def test_adding_the_same_lease_again_replaces_it(store: LeaseStore) -> None:
    store.add(replace(LEASE, owner="T1/U2"), private_key=b"KEY", certificate="CERT2")
    assert [lease.owner for lease in store.all()] == ["T1/U2"]


def test_a_ticket_finds_its_live_lease_only(store: LeaseStore) -> None:
    assert store.by_ticket(LEASE.ticket_sha256, now=999) == LEASE
    assert store.by_ticket(LEASE.ticket_sha256, now=1000) is None
    assert store.by_ticket("cd" * 32, now=0) is None


@pytest.mark.parametrize(
    ("name", "rank"),
    [("sshq-alice-abc", 0), ("alice-abc", 0), ("sshq-alice-abc-1", 1), ("alice-abc-1", 1)],
)
def test_a_machine_is_found_by_its_names(store: LeaseStore, name: str, rank: int) -> None:
    assert store.find(name) == (LEASE, LEASE.nodes[rank])
    assert store.held(name) == (LEASE, LEASE.nodes[rank])


def test_an_unknown_name_is_refused_with_a_next_step(store: LeaseStore) -> None:
    with pytest.raises(Refusal) as refused:
        store.find("nobody")
    assert refused.value.reason == Reason.NO_SUCH_LEASE
    assert "sshq-local ls" in refused.value.next_step


def test_expired_leases_leave_nothing_a_day_later(store: LeaseStore) -> None:
    store.remove_expired(now=1000 + LINGERS - 1)
    assert store.all() == [LEASE]
    store.remove_expired(now=1000 + LINGERS)
    assert store.all() == []
    assert not store.folder("lease1").exists()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff"])
def test_a_damaged_lease_hides_no_other(store: LeaseStore, content: bytes) -> None:
    broken = store.folder("broken")
    broken.mkdir()
    (broken / "lease.json").write_bytes(content)
    assert store.all() == [LEASE]
    with pytest.raises(Refusal):
        store.get("broken")


def test_the_last_failure_is_kept_and_dated(store: LeaseStore) -> None:
    assert store.last_failure("lease1", since=0) is None
    store.record_failure("lease1", {"what": "The lease has ended."})
    assert store.last_failure("lease1", since=0) == {"what": "The lease has ended."}
    written = (store.folder("lease1") / "last_failure.json").stat().st_mtime
    assert store.last_failure("lease1", since=written + 1) is None
    store.record_failure("gone", {"what": "x"})
    assert not store.folder("gone").exists()


def test_an_end_that_was_moved_is_kept(store: LeaseStore) -> None:
    assert store.prolong(LEASE, 900) == LEASE
    assert store.prolong(LEASE, 5000).expires_at == 5000
    assert store.all() == [replace(LEASE, expires_at=5000)]


def test_of_two_leases_for_one_machine_the_newer_one_counts(store: LeaseStore) -> None:
    newer = replace(LEASE, id="lease0", taken_at=500, ticket_sha256="cd" * 32)
    store.add(newer, private_key=b"KEY", certificate="CERT")
    assert store.find(LEASE.job)[0] == newer
    assert store.all() == [newer, LEASE]


def test_what_another_process_has_changed_meanwhile_stays(store: LeaseStore) -> None:
    """Each of these has read the lease before the others changed it."""
    moved = replace(LEASE.nodes[1], id="mi-9")
    store.take_node(LEASE, moved)
    store.prolong(LEASE, 5000)
    store.renew(LEASE, "CERT2", valid_before=3000)
    store.trust(LEASE, "/ca.pem")

    assert store.get("lease1") == replace(
        LEASE,
        nodes=(LEASE.nodes[0], moved),
        expires_at=5000,
        certificate_expires_at=3000,
        ca_file="/ca.pem",
    )


def test_a_lease_that_was_given_back_meanwhile_stays_away(store: LeaseStore) -> None:
    store.remove("lease1")
    assert store.prolong(LEASE, 5000).expires_at == 5000
    assert store.all() == []


def test_a_stray_file_among_the_leases_is_passed_over(store: LeaseStore) -> None:
    (store.root / "leases" / "desktop.ini").write_text("[.ShellClassInfo]")
    assert store.all() == [LEASE]


def test_nobody_finds_half_a_lease_while_it_is_removed(
    store: LeaseStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[list[Lease]] = []
    remove = shutil.rmtree

    def looked_at(path: Path, *, ignore_errors: bool) -> None:
        found.append(store.all())
        remove(path, ignore_errors=ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", looked_at)
    store.remove("lease1")
    assert found
    assert not any(found)
    assert not list((store.root / "leases").iterdir())


@pytest.mark.parametrize(("kept", "code"), [(3, Exit.UNREACHABLE), (None, Exit.SSH_FAILED)])
def test_what_kept_ssh_s_proxy_command_out_is_a_refusal_like_any(
    store: LeaseStore, kept: int | None, code: Exit
) -> None:
    assert refused_meanwhile(LEASE, store, since=0) is None
    failure = {"reason": "unreachable", "what": "Away.", "next": "Wait.", "exit_code": kept}
    store.record_failure("lease1", failure)
    refused = refused_meanwhile(LEASE, store, since=0)
    assert refused
    assert (refused.reason, refused.what, refused.next_step) == ("unreachable", "Away.", "Wait.")
    assert refused.exit_code is code
