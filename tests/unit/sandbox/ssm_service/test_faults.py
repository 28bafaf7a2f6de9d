from __future__ import annotations

from sshq_sandbox.ssm_service.faults import FrameFault, FrameFaults


def test_a_fault_hits_what_it_names_and_is_used_up() -> None:
    faults = FrameFaults()
    assert not faults
    drop = FrameFault("drop", "agent", count=2, message_type="acknowledge", skip=1)
    faults.add(drop)
    assert faults
    assert faults.take("client", "acknowledge") is None
    assert faults.take("agent", "input_stream_data") is None
    assert faults.take("agent", "acknowledge") is None, "the first one passes"
    assert faults.take("agent", "acknowledge") is drop
    assert faults.take("agent", "acknowledge") is drop
    assert faults.take("agent", "acknowledge") is None
    assert not faults
    assert faults.hits == 2


def test_clearing_forgets_them() -> None:
    faults = FrameFaults()
    faults.add(FrameFault("delay", "client", count=9))
    faults.clear()
    assert faults.take("client", "output_stream_data") is None
