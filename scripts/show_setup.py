"""`make show-setup`: the evidence for setup, made on the spot. Nothing here is remembered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import boto3

ROOT = Path(__file__).resolve().parent.parent
READS = ("Get", "List", "Head", "Describe")
TIER = "/ssm/managed-instance/activation-tier"
ROLE = "sshhelper-for-sagemaker-role"
GROUP = "SSHHelperUserGroup"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": [f"{service}.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
        for service in ("sagemaker", "ssm")
    ],
}


def main() -> int:
    """Show everything; the exit code says whether all of it held."""
    with tempfile.TemporaryDirectory(prefix="show-setup-") as scratch:
        box = Box(Path(scratch) / "box")
        box.run("up", "--detach")
        try:
            before = box.dump()
            held = [
                _first_and_second_run(box),
                _one_piece_deleted(box),
                _teardown(box, before),
                _adoption(box),
            ]
        finally:
            box.run("down")
        held += [_faults(Path(scratch)), _proofs(Path(scratch))]
    _heading("all of it held" if all(held) else "NOT all of it held")
    return 0 if all(held) else 1


class Box:
    """A sandbox of its own, and the account in it as a person with keys sees it."""

    def __init__(self, state: Path) -> None:
        self._environment = os.environ | {"SSHQ_SANDBOX_STATE": str(state)}

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "sshq_sandbox.cli", *words],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
        if done.returncode:
            raise RuntimeError(f"{words}: {done.stderr}")
        return done.stdout

    def slash(self, text: str) -> str:
        return self.run("slash", "--as", "admin", text)

    def confirm(self) -> str:
        told = self.run("click", "--as", "admin", "Confirm", "--wait", "120")
        return told.rpartition("──")[2]

    def client(self, service: str) -> Any:  # noqa: ANN401  boto3 has no types
        lines = self.run("env").replace("export ", "").splitlines()
        found = dict(line.split("=", 1) for line in lines)
        return boto3.client(
            service,
            endpoint_url=found["AWS_ENDPOINT_URL"],
            region_name=found["AWS_REGION"],
            aws_access_key_id=found["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=found["AWS_SECRET_ACCESS_KEY"],
        )

    def writes(self) -> list[str]:
        """The provisioner's writes to IAM, SSM and S3 so far."""
        calls = json.loads(self.run("calls", "--json"))["calls"]
        return [
            call["operation"]
            for call in calls
            if call["caller"] == "IamProvisioner"
            and call["service"] in {"iam", "ssm", "s3"}
            and not call["operation"].startswith(READS)
        ]

    def dump(self) -> dict[str, Any]:
        """All of IAM, and what else setup touches."""
        iam, ssm, s3 = self.client("iam"), self.client("ssm"), self.client("s3")
        details = iam.get_account_authorization_details(
            Filter=["User", "Role", "Group", "LocalManagedPolicy"]
        )
        own = [{"Key": "Owner", "Values": ["Self"]}]
        return {
            **{
                name: details[name]
                for name in details
                if name.endswith("List") or name == "Policies"
            },
            "documents": [
                d["Name"] for d in ssm.list_documents(Filters=own)["DocumentIdentifiers"]
            ],
            "buckets": [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]],
            "tier": ssm.get_service_setting(SettingId=TIER)["ServiceSetting"]["SettingValue"],
        }


def _first_and_second_run(box: Box) -> bool:
    _heading("first run: the plan, then what Confirm did")
    print(box.slash("setup"))
    told = box.confirm()
    print(told)
    first = box.writes()
    print(f"writes: {len(first)}: {dict(Counter(first))}")
    _heading("second run")
    print(box.slash("setup"))
    again = box.writes()[len(first) :]
    print(f"writes by `calls --json`: {len(again)}")
    return "Setup is done: 7" in told and not again


def _one_piece_deleted(box: Box) -> bool:
    _heading("one piece deleted (the group): drift, and only that is remade")
    before = box.writes()
    box.slash("setup --check")
    iam = box.client("iam")
    (attached,) = iam.list_attached_group_policies(GroupName=GROUP)["AttachedPolicies"]
    iam.detach_group_policy(GroupName=GROUP, PolicyArn=attached["PolicyArn"])
    iam.delete_group(GroupName=GROUP)
    box.run("clock", "+25h")
    print("the daily look told the admin:")
    daily = box.run("inbox", "--as", "admin").rpartition("──")[2]
    print(daily)
    drift = box.slash("setup --check")
    print(drift)
    box.slash("setup --repair")
    box.confirm()
    remade = box.writes()[len(before) :]
    print(f"writes: {remade}")
    return (
        remade == ["CreateGroup", "AttachGroupPolicy"]
        and "since between" in drift
        and "1 differ" in daily
    )


def _teardown(box: Box, before: dict[str, Any]) -> bool:
    _heading("teardown: the account is as it was before the first run")
    print(box.slash("teardown"))
    print(box.confirm())
    print("the audit's copy is the admin's to keep; it is emptied by hand, then:")
    _empty(box.client("s3"))
    box.slash("teardown")
    print(box.confirm())
    after = box.dump()
    same = _comparable(before) == _comparable(after)
    counts = {name: len(found) for name, found in after.items() if isinstance(found, list)}
    print(f"dump against the one before the first run: {counts}, tier {after['tier']}")
    print("the same" if same else "NOT the same")
    return same


def _empty(s3: Any) -> None:  # noqa: ANN401  boto3 has no types
    for bucket in s3.list_buckets()["Buckets"]:
        for found in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
            s3.delete_object(Bucket=bucket["Name"], Key=found["Key"])


def _comparable(dump: dict[str, Any]) -> str:
    """Without what any call moves: dates, and the order of things."""

    def plain(value: Any) -> Any:  # noqa: ANN401  any JSON value
        if isinstance(value, dict):
            return {
                name: plain(entry)
                for name, entry in sorted(value.items())
                if not name.endswith(("Date", "Used"))
            }
        if isinstance(value, list):
            return sorted(
                (plain(entry) for entry in value), key=lambda v: json.dumps(v, default=str)
            )
        return value

    return json.dumps(plain(dump), default=str, sort_keys=True)


def _adoption(box: Box) -> bool:
    _heading("a quick-start account: adopted, its broad grants listed, narrowed on confirmation")
    iam = box.client("iam")
    wide = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }
    made = [
        iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(wide))["Policy"]["Arn"]
        for name in ("sshhelper-for-sagemaker-policy", "SSHSageMakerServerPolicy")
    ]
    full = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.create_group(GroupName=GROUP)
    for arn in (*made, full):
        iam.attach_role_policy(RoleName=ROLE, PolicyArn=arn)
    for arn in (made[0], full):
        iam.attach_group_policy(GroupName=GROUP, PolicyArn=arn)
    shown = box.slash("setup")
    print(shown)
    print(box.confirm())
    role = iam.get_role(RoleName=ROLE)["Role"]
    attached = iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]
    people = iam.list_attached_group_policies(GroupName=GROUP)["AttachedPolicies"]
    print(f"role: boundary {role.get('PermissionsBoundary')}, attached {attached}")
    print(f"      trust as it was: {role['AssumeRolePolicyDocument'] == TRUST}")
    print(f"group: attached {[policy['PolicyName'] for policy in people]}")
    return (
        shown.count("detach `") == 5
        and "PermissionsBoundary" in role
        and attached == []
        and [policy["PolicyName"] for policy in people] == ["SSHSageMakerClientPolicy"]
    )


def _faults(scratch: Path) -> bool:
    _heading("a fault at every single call of setup, of every kind, until it is lifted")
    table = scratch / "faults.jsonl"
    passed = _pytest(
        "tests/integration/core/use_cases/test_setup_faults.py", SSHQ_FAULT_TABLE=table
    )
    rows = [json.loads(line) for line in table.read_text(encoding="utf-8").splitlines()]
    by_kind: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_kind[row["kind"]].append(row)
    columns = ("calls", "told", "done all the same", "redelivered", "complete after")
    print("fault".ljust(16) + "".join(f"{column:>19}" for column in columns))
    for kind, found in by_kind.items():
        outcomes = Counter(row["outcome"] for row in found)
        print(
            f"{kind:16}{len(found):19}{outcomes['told']:19}{outcomes['done all the same']:19}"
            f"{outcomes['died, redelivered']:19}{sum(row['finished_after'] for row in found):19}"
        )
    print("what is told, for a denial at each call (done · stopped at · not done):")
    for row in by_kind["denial"]:
        print(f"  {row['operation']:34}{row['done']} · {row['stopped']} · {row['not_done']}")
    return passed and all(row["finished_after"] for row in rows)


def _proofs(scratch: Path) -> bool:
    _heading("the proofs, and how much they went through")
    counts = scratch / "counts.json"
    passed = _pytest(
        "tests/security/iam", "tests/security/test_template_rights.py", SSHQ_PROOF_COUNTS=counts
    )
    for what, count in json.loads(counts.read_text(encoding="utf-8")).items():
        print(f"  {count:9}  {what}")
    return passed


def _pytest(*paths: str, **environment: Path) -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *paths],
        env=os.environ | {name: str(value) for name, value in environment.items()},
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    print(done.stdout.strip().splitlines()[-1])
    return done.returncode == 0


def _heading(title: str) -> None:
    print(f"\n==== {title}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
