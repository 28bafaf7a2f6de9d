"""parliament and cfn-lint on everything that is IAM: the template's policies, setup's, the export."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from sshq.domain import policies
from sshq.domain.cloudformation import template
from sshq.domain.desired_state import Kind, desired
from tests.security.iam.rendered import names, rendered
from tests.security.template import ROOT, documents

if TYPE_CHECKING:
    from pathlib import Path

# In a process of its own: parliament leaves files open when it is imported.
LINT = """
import json, sys
import parliament
found = []
for name, document in json.load(sys.stdin):
    for finding in parliament.analyze_policy_string(json.dumps(document)).findings:
        known = parliament.enhance_finding(finding)
        found.append([name, known.severity, known.issue, str(known.detail)])
print(json.dumps(found))
"""
# What parliament says that was looked into: (issue, what it is about) → why it stays.
LOOKED_INTO = {
    ("UNKNOWN_CONDITION_FOR_ACTION", "ssm:SessionDocumentAccessCheck"): "documented by AWS, later "
    "than parliament's data; without it the default shell document would be open",
    ("UNKNOWN_CONDITION_FOR_ACTION", "s3:prefix for action s3:ListBucketMultipartUploads"): "in a "
    "denial: the key is never there, so listing uploads is denied altogether, as it should be",
    (
        "RESOURCE_MISMATCH",
        "ssm:SendCommand",
    ): "the node stands in a statement of its own, since its "
    "condition on the node's tag would deny the document",
    (
        "RESOURCE_MISMATCH",
        "ssmmessages:OpenDataChannel",
    ): "AWS's own sample policies name the session",
    ("RESOURCE_POLICY_PRIVILEGE_ESCALATION", "s3:::sshq-"): "who writes the bucket's policy rules "
    "this one bucket, and setup has to",
}


def everything() -> list[tuple[str, Any]]:
    """(where, document) of every policy that grants something; key policies are another language."""
    found = [
        (name, rendered(document))
        for name, document in documents()
        if not name.startswith("SshCaKey")
    ]
    with_networks = names().model_copy(update={"vpcs": "lab=subnet-1a,subnet-2b/sg-3c"})
    for resource in desired(with_networks, quickstart=True):
        if resource.kind is Kind.ROLE:
            found += [(f"{resource.key} {n}", d) for n, d in resource.spec["inline"].items()]
    return found


def test_parliament_finds_nothing_of_severity() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LINT],
        input=json.dumps(everything()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    severe = [f for f in json.loads(done.stdout) if f[1] in {"MEDIUM", "HIGH", "CRITICAL"}]
    excused = {
        known: [f for f in severe if f[2] == known[0] and known[1] in f[3]] for known in LOOKED_INTO
    }
    assert [f for f in severe if not any(f in found for found in excused.values())] == []
    assert [known for known, found in excused.items() if not found] == []


@pytest.mark.parametrize("quickstart", [False, True])
@pytest.mark.parametrize(
    ("partition", "region"),
    [("aws", "eu-west-1"), ("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")],
)
def test_cfn_lint_finds_nothing_in_the_export(
    tmp_path: Path, partition: str, region: str, *, quickstart: bool
) -> None:
    where = names().model_copy(update={"partition": partition, "region": region})
    path = tmp_path / "export.json"
    path.write_text(template(where, quickstart=quickstart), encoding="utf-8")
    done = subprocess.run(
        [f"{sys.prefix}/bin/cfn-lint", "--regions", region, "--", str(path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_export_holds_what_setup_makes() -> None:
    found = json.loads(template(names()))["Resources"].values()
    roles = {
        r["Properties"]["RoleName"]: r["Properties"] for r in found if r["Type"] == "AWS::IAM::Role"
    }
    for resource in desired(names()):
        if resource.kind is Kind.ROLE:
            made = roles[resource.name]
            assert made["AssumeRolePolicyDocument"] == resource.spec["trust"]
            assert made["PermissionsBoundary"] == resource.spec["boundary"]
            inline = {p["PolicyName"]: p["PolicyDocument"] for p in made["Policies"]}
            assert inline == resource.spec["inline"]
    assert policies.tls_only(partition="aws", bucket=names().bucket) in [
        r["Properties"].get("PolicyDocument") for r in found
    ]
