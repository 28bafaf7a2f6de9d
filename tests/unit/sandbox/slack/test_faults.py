from __future__ import annotations

from sshq_sandbox.slack.faults import Fault, Faults


def test_the_nth_call_of_a_method_meets_its_fault_once() -> None:
    faults = Faults()
    faults.add("chat.update", Fault.ratelimited(7), nth=2)
    faults.add("chat.update", Fault.broken(after_effect=True), nth=2)

    met = [faults.take("chat.update") for _ in range(4)]

    assert met == [None, Fault.ratelimited(7), Fault.broken(after_effect=True), None]
    assert faults.take("chat.postMessage") is None


def test_faults_can_be_taken_back() -> None:
    faults = Faults()
    faults.add("chat.update", Fault.ratelimited())
    faults.clear()

    assert faults.take("chat.update") is None
