"""The main path in China's partition: its ARNs, its console, its currency, through the real handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.conftest import LOCAL, SANDBOX, run_job, running_sandbox

if TYPE_CHECKING:
    from pathlib import Path

REGION = "cn-northwest-1"


def test_the_main_path_in_china(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, "--region", REGION) as sandbox:
        assert "isn't in CNY" in sandbox.slash("admin", "set-limit @alice --budget $200")
        assert "¥200.00 a month" in sandbox.slash("admin", "set-limit @alice --budget ￥200/month")

        job = run_job(sandbox)
        living = sandbox.inbox("alice")
        assert "¥0.13 an hour" in living
        assert f"https://{REGION}.console.amazonaws.cn/sagemaker/home?region={REGION}" in living

        said = sandbox.connect(job.ticket, "--", "echo $AWS_REGION $TRAINING_JOB_ARN")
        arn = f"arn:aws-cn:sagemaker:{REGION}:123456789012:training-job/{job.name}"
        assert f"{REGION} {arn}" in said.out
        assert "cost so far: ¥0." in sandbox.run(*LOCAL, "status").out

        (asked,) = sandbox.calls("CreateTrainingJob")
        told = asked["parameters"]
        assert told["RoleArn"].startswith("arn:aws-cn:iam::")
        assert (
            f".dkr.ecr.{REGION}.amazonaws.com.cn/"
            in (told["AlgorithmSpecification"]["TrainingImage"])
        )
        assert {call["region"] for call in sandbox.calls("GetProducts")} == {"cn-northwest-1"}
        everything = sandbox.run(*SANDBOX, "calls", "--json").out
        assert "arn:aws:" not in everything
