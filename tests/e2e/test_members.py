"""Members end to end: an IAM identity, a shared job, and people who leave while they are connected."""

from __future__ import annotations

import re

from tests.e2e.conftest import SANDBOX, TICKET, RunningJob, Sandbox, run_job


def group_of(sandbox: Sandbox) -> list[str]:
    found = sandbox.aws("iam").get_group(GroupName="SSHHelperUserGroup")["Users"]
    return [user["UserName"] for user in found]


def test_a_connected_member_is_removed_and_the_connection_drops(sandbox: Sandbox) -> None:
    user_id = sandbox.aws("iam").create_user(UserName="carol")["User"]["UserId"]
    said = sandbox.slash("admin", "add-user @carol --iam-user carol --max-jobs 2")
    assert "IAM user `carol`" in said
    assert group_of(sandbox) == ["carol"]
    job = run_job(sandbox, "carol")
    (activation,) = [c for c in sandbox.calls("CreateActivation") if job.name in str(c)]
    assert {"Key": "SSHOwner", "Value": user_id} in activation["parameters"]["Tags"]
    assert sandbox.connect(job.ticket, "--no-shell", laptop="carol").code == 0

    with sandbox.shell(job.name, "carol") as shell:
        plan = sandbox.slash("admin", "remove-user @carol")
        assert "1 lease and 1 session end at once" in plan
        assert "IAM `carol` leaves the group" in plan
        sandbox.click("admin", "Remove")
        assert sandbox.drops(shell)

    assert sandbox.ssh(job.name, "true", laptop="carol").code == 255
    assert "not a member" in sandbox.slash("carol", "run")
    assert group_of(sandbox) == []
    assert job.name in str(sandbox.calls("StopTrainingJob"))


def test_a_shared_job_has_a_lease_of_bobs_own_until_it_is_taken_back(
    sandbox: Sandbox, job: RunningJob
) -> None:
    sandbox.slash("alice", f"share {job.name} @bob --for 2h")
    ticket = TICKET.search(sandbox.click("bob", "Connect"))
    assert ticket
    assert sandbox.connect(ticket[1], "--no-shell", laptop="bob").code == 0
    assert "belongs to somebody else" in sandbox.slash("bob", f"stop {job.name}")

    with sandbox.shell(job.name, "bob") as shell:
        sandbox.slash("alice", f"unshare {job.name} @bob")
        assert sandbox.drops(shell)
    assert "belongs to somebody else" in sandbox.slash("bob", f"connect {job.name}")


def test_whoever_slack_deactivates_is_out_and_the_admins_are_told(sandbox: Sandbox) -> None:
    assert "is a member now" in sandbox.slash("admin", "add-user @carol")
    job = run_job(sandbox, "carol", "--name leaving")
    assert sandbox.connect(job.ticket, "--no-shell", laptop="carol").code == 0

    with sandbox.shell(job.name, "carol") as shell:
        sandbox.run(*SANDBOX, "user", "carol", "deactivated")
        assert sandbox.drops(shell)
    sandbox.eventually(
        lambda: "is no member any more (deactivated in Slack)" in sandbox.inbox("admin"), "the word"
    )
    sandbox.run(*SANDBOX, "user", "carol", "active")


def test_the_audit_of_it_all_is_intact(sandbox: Sandbox) -> None:
    said = sandbox.slash("admin", "audit --verify")
    assert re.search(r"The audit is intact: \d+ records", said)
