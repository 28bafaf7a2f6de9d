"""One function process, under AWS's runtime client and under the sandbox's own."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from sshq_sandbox.lambda_host.runtime_api import (
    FunctionProcess,
    Invocation,
    Outcome,
    ProcessFacts,
)
from tests.waiting import PATIENCE_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """
def handler(event, context):
    if event["order"] == "raise":
        raise ValueError("as ordered")
    return {
        "text": event["text"],
        "id": context.aws_request_id,
        "left": context.get_remaining_time_in_millis(),
        "function": context.invoked_function_arn,
    }
"""


def invocation(request_id: str, **event: str) -> Invocation:
    return Invocation(
        request_id, "arn:aws:lambda:x:1:function:f", json.dumps(event).encode(), PATIENCE_SECONDS
    )


async def outcomes(folder: Path, runtime: str, *invocations: Invocation) -> list[Outcome]:
    lifeline, other_end = os.pipe()
    process = FunctionProcess(
        ProcessFacts(
            handler="app.handler",
            folder=folder,
            environment={
                "LAMBDA_TASK_ROOT": str(folder),
                "SSHQ_SANDBOX_CLOCK": str(folder / "clock"),
                "SSHQ_SANDBOX_RUNTIME": runtime,
            },
            log=folder / "log",
        ),
        lifeline=lifeline,
    )
    try:
        await process.start()
        return [await process.invoke(each) for each in invocations]
    finally:
        await process.stop()
        os.close(lifeline)
        os.close(other_end)


@pytest.mark.parametrize("runtime", ["aws", "plain"])
def test_events_answers_and_errors(tmp_path: Path, runtime: str) -> None:
    (tmp_path / "app.py").write_text(SOURCE, encoding="utf-8")

    good, bad, again = asyncio.run(
        outcomes(
            tmp_path,
            runtime,
            invocation("one", order="answer", text="ü 1"),
            invocation("two", order="raise"),
            invocation("three", order="answer", text="x" * 5_000_000),
        )
    )

    answer: dict[str, Any] = json.loads(good.payload)
    assert (answer["text"], answer["id"]) == ("ü 1", "one")
    assert answer["function"] == "arn:aws:lambda:x:1:function:f"
    assert 0 < answer["left"] <= PATIENCE_SECONDS * 1000
    assert bad.failed
    error = json.loads(bad.payload)
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "as ordered")
    assert len(json.loads(again.payload)["text"]) == 5_000_000


@pytest.mark.parametrize("runtime", ["aws", "plain"])
def test_a_function_that_cannot_be_imported_says_why(tmp_path: Path, runtime: str) -> None:
    (tmp_path / "app.py").write_text("raise RuntimeError('at import')\n", encoding="utf-8")

    (outcome,) = asyncio.run(outcomes(tmp_path, runtime, invocation("one", order="x")))

    assert outcome.failed
    assert json.loads(outcome.payload)["errorMessage"] == "at import"
