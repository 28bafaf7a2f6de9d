"""The pin of the SSM agent: its folder changes with each file's content, and with nothing else."""

from __future__ import annotations

from sshq.domain.agent_pin import AgentPin

PIN = AgentPin(version="3.3.1.0", signed_by="ab", sha256={"b.rpm": "2" * 64, "a.deb": "1" * 64})


def test_the_sums_are_what_sha256sum_reads() -> None:
    assert PIN.sums == f"{'1' * 64}  a.deb\n{'2' * 64}  b.rpm"


def test_another_content_lies_in_another_folder() -> None:
    changed = PIN.model_copy(update={"sha256": PIN.sha256 | {"a.deb": "3" * 64}})
    again = PIN.model_copy(update={"sha256": dict(sorted(PIN.sha256.items()))})

    assert PIN.prefix.startswith("agent/")
    assert changed.prefix != PIN.prefix
    assert again.prefix == PIN.prefix
