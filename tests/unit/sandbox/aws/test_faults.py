from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq_sandbox.aws.faults import Fault, FaultKind, FaultPlan, apply


def _kinds(plan: FaultPlan, calls: list[tuple[str, str]]) -> list[FaultKind | None]:
    return [plan.decide(operation, caller) for operation, caller in calls]


def test_a_fault_comes_at_the_nth_call_of_its_operation() -> None:
    plan = FaultPlan()
    plan.add(operation="CreateTrainingJob", kind="throttle", nth=2, times=2)

    kinds = _kinds(plan, [("CreateTrainingJob", "a"), ("StopTrainingJob", "a")])
    kinds += _kinds(plan, [("CreateTrainingJob", "a")] * 3)

    assert kinds == [None, None, FaultKind.THROTTLE, FaultKind.THROTTLE, None]


def test_a_fault_for_one_caller_leaves_the_others_alone() -> None:
    plan = FaultPlan()
    plan.add(operation="GetItem", kind=FaultKind.DENIAL, caller="CommandWorker")

    kinds = _kinds(plan, [("GetItem", "Caretaker"), ("GetItem", "CommandWorker")])

    assert kinds == [None, FaultKind.DENIAL]


def test_faults_of_one_operation_count_the_same_calls() -> None:
    plan = FaultPlan()
    plan.add(operation="GetItem", kind="throttle", nth=1)
    plan.add(operation="GetItem", kind="5xx", nth=2)

    assert _kinds(plan, [("GetItem", "a")] * 3) == [
        FaultKind.THROTTLE,
        FaultKind.SERVER_ERROR,
        None,
    ]


def test_the_plan_can_be_listed_and_cleared() -> None:
    plan = FaultPlan()
    added = plan.add(operation="GetItem", kind="timeout-after")

    assert plan.list() == [added]
    plan.clear()
    assert plan.list() == []
    assert plan.decide("GetItem", "a") is None


@pytest.mark.parametrize("wrong", [{"nth": 0}, {"times": 0}, {"kind": "flood"}])
def test_a_fault_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    arguments = {"operation": "GetItem", "kind": "throttle"} | wrong
    with pytest.raises(ValueError, match=r"count from 1|flood"):
        FaultPlan().add(**arguments)  # type: ignore[arg-type]


@given(nth=st.integers(1, 5), times=st.integers(1, 5), calls=st.integers(0, 15))
def test_exactly_the_calls_asked_for_are_hit(nth: int, times: int, calls: int) -> None:
    faults: tuple[Fault, ...] = (Fault(1, "GetItem", FaultKind.THROTTLE, nth, times),)
    hit = []
    for number in range(1, calls + 1):
        faults, kind = apply(faults, "GetItem", "a")
        if kind:
            hit.append(number)

    assert hit == [number for number in range(nth, nth + times) if number <= calls]
