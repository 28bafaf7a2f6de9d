"""`make show-members`: the evidence for members, made on the spot. Nothing here is remembered."""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.member_matrix import PAGE, page_with, tables  # noqa: E402
from tests.e2e.conftest import SANDBOX, TICKET, Sandbox, run_job  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

DROPS_WITHIN_SECONDS = 10.0
GROUP = "SSHHelperUserGroup"
TABLE_KEY = "AUDIT"


def main() -> int:
    """Show everything; the exit code says whether all of it held."""
    # The matrix asks thousands of questions; their log lines aren't the evidence.
    logging.disable(logging.CRITICAL)
    held = [matrix()]
    with tempfile.TemporaryDirectory(prefix="show-members-") as scratch, up(Path(scratch)) as made:
        held.append(enrolment(made))
        held.append(two_admins_at_once(made))
        held.append(removal(made))
        held.append(slack_says_so(made))
        held.append(sharing(made))
        held.append(audit_of_a_job(made))
        held.append(tampering(made, Path(scratch)))
    heading("all of it held" if all(held) else "NOT all of it held")
    return 0 if all(held) else 1


@contextlib.contextmanager
def up(folder: Path) -> Iterator[Sandbox]:
    """A sandbox of its own, set up."""
    made = Sandbox(folder, str(folder / "state" / "tls" / "ca.pem"))
    started = made.run(*SANDBOX, "up", "--detach")
    if started.code:
        raise SystemExit(started.err)
    try:
        made.slash("admin", "setup")
        made.click("admin", "Confirm")
        yield made
    finally:
        made.run(*SANDBOX, "down")


def matrix() -> bool:
    """Users by verbs by states, each cell by asking the code."""
    heading("who may do what: every verb asked for by every kind of person, in every state")
    found = tables()
    print(found)
    page = PAGE.read_text(encoding="utf-8")
    is_same = page_with(found, page) == page
    print(f"docs/members.md says the same: {'yes' if is_same else 'no: member_matrix.py --write'}")
    return "no decision" not in found


def enrolment(made: Sandbox) -> bool:
    """An IAM identity: the owner tag and the group; who is refused, and why."""
    heading("enrolment: an IAM user, a group of people, and who is refused")
    user_id = made.aws("iam").create_user(UserName="alice")["User"]["UserId"]
    say(made, "admin", "add-user @alice --iam-user alice --budget 200/month --max-jobs 2")
    say(made, "admin", "add-user @ml-team")
    refusals = say(made, "admin", "add-user @dave @gina")
    taken = say(made, "admin", "add-user @carol --iam-user alice")
    print(f"the group {GROUP} has: {in_group(made)}; alice's UserId is {user_id}")
    return all(
        [
            in_group(made) == ["alice"],
            "deactivated" in refusals,
            "guest" in refusals,
            "belongs to another member" in taken,
        ]
    )


def two_admins_at_once(made: Sandbox) -> bool:
    """Two admins add the same person at the same moment, with different limits."""
    heading("two admins add the same person at once")
    made.slash("admin", "set-limit @bob --admin yes")
    wishes = {"admin": "add-user @carol --max-jobs 1", "bob": "add-user @carol --max-jobs 2"}
    with ThreadPoolExecutor(2) as pool:
        answers = dict(zip(wishes, pool.map(made.slash, wishes, wishes.values()), strict=True))
    for who, answer in answers.items():
        print(f"$ {who}: /sshq {wishes[who]}\n{answer}")
    won = [who for who, answer in answers.items() if "is a member now" in answer]
    lost = [who for who, answer in answers.items() if "is a member already" in answer]
    card = say(made, "admin", "user @carol")
    print(f"added by: {won}; told that she is one already: {lost}")
    limit = "of 1 job open" if won == ["admin"] else "of 2 jobs open"
    return len(won) == len(lost) == 1 and limit in card


def removal(made: Sandbox) -> bool:
    """Alice is connected; an admin removes her."""
    heading("remove-user while she is connected")
    job = run_job(made, "alice")
    made.connect(job.ticket, "--no-shell")
    tags = str([c for c in made.calls("CreateActivation") if job.name in str(c)])
    user_id = made.aws("iam").get_user(UserName="alice")["User"]["UserId"]
    print(f"the activation's tag SSHOwner is her UserId: {user_id in tags}")
    with made.shell(job.name) as shell:
        say(made, "admin", "remove-user @alice")
        began = time.monotonic()
        print(made.click("admin", "Remove"))
        code = shell.wait(timeout=60)
        took = time.monotonic() - began
    print(f"her open ssh ended with {code}, {took:.1f} s after the button")
    again = made.ssh(job.name, "true").code
    refused = say(made, "alice", "run")
    print(f"ssh again: exit code {again}; the group has: {in_group(made)}")
    stopped = job.name in str(made.calls("StopTrainingJob"))
    print(f"StopTrainingJob was called for {job.name}: {stopped}")
    return all(
        [
            took < DROPS_WITHIN_SECONDS,
            code != 0,
            again == 255,
            in_group(made) == [],
            "not a member" in refused,
            stopped,
            user_id in tags,
        ]
    )


def slack_says_so(made: Sandbox) -> bool:
    """Slack deactivates Carol while she is connected."""
    heading("Slack deactivates a connected member")
    job = run_job(made, "carol")
    made.connect(job.ticket, "--no-shell", laptop="carol")
    with made.shell(job.name, "carol") as shell:
        began = time.monotonic()
        print(made.run(*SANDBOX, "user", "carol", "deactivated").out.strip())
        code = shell.wait(timeout=60)
        took = time.monotonic() - began
    told = "is no member any more (deactivated in Slack)"
    made.eventually(lambda: told in made.inbox("admin"), "the admins' message")
    print(
        f"her open ssh ended with {code}, {took:.1f} s after Slack's event; the admins were told:"
    )
    print(next(line for line in made.inbox("admin").splitlines() if told in line))
    return took < DROPS_WITHIN_SECONDS and code != 0


def sharing(made: Sandbox) -> bool:
    """Bob shares his job with Alice, who is enrolled anew, and takes it back."""
    heading("share, and unshare while the other one is connected")
    made.slash("admin", "add-user @alice")
    job = run_job(made, "bob")
    say(made, "bob", f"share {job.name} @alice --for 2h")
    ticket = TICKET.search(made.click("alice", "Connect"))
    made.connect(ticket[1] if ticket else "", "--no-shell")
    stopping = say(made, "alice", f"stop {job.name}")
    with made.shell(job.name) as shell:
        began = time.monotonic()
        say(made, "bob", f"unshare {job.name} @alice")
        code = shell.wait(timeout=60)
        took = time.monotonic() - began
    print(f"alice's open ssh ended with {code}, {took:.1f} s after /sshq unshare was typed")
    made.slash("bob", f"stop {job.name}")
    return took < DROPS_WITHIN_SECONDS and "belongs to somebody else" in stopping


def audit_of_a_job(made: Sandbox) -> bool:
    """One job from its request to its node's deregistration."""
    heading("the audit of one job, from the request to the deregistration, and its verification")
    job = run_job(made, "bob", "--name audited")
    made.connect(job.ticket, "--no-shell", laptop="bob")
    made.ssh(job.name, "true", laptop="bob")
    made.slash("bob", f"stop {job.name}")
    made.eventually(lambda: "stopped; nothing of it costs" in made.inbox("bob"), "the end")
    shown = say(made, "admin", f"audit {job.name}")
    verified = say(made, "admin", "audit --verify")
    exported = say(made, "admin", "audit --export --days 1")
    wanted = (
        "*allowed*", "*submitted*", "*ready*", "*ticket-issued*", "*redeemed*", "*session-started*",
        "*lease-ended*", "*cleaned-up*", "CreateTrainingJob", "DeregisterManagedInstance",
    )  # fmt: skip
    missing = [part for part in wanted if part not in shown]
    print(f"what it must tell and doesn't: {missing or 'nothing'}")
    return not missing and "The audit is intact" in verified and "records are in s3" in exported


def tampering(made: Sandbox, folder: Path) -> bool:
    """By somebody with rights on the table: a byte, a record, two records."""
    heading("the audit is tampered with in the table; Slack and the script verify")
    client = made.aws("dynamodb")
    table = client.list_tables()["TableNames"][0]
    exported = folder / "audit.jsonl"
    bucket = made.aws("s3").list_buckets()["Buckets"][0]["Name"]
    found = made.aws("s3").list_objects_v2(Bucket=bucket, Prefix="audit/")["Contents"]
    body = made.aws("s3").get_object(Bucket=bucket, Key=found[-1]["Key"])["Body"].read()
    exported.write_bytes(body)

    def item(seq: int) -> dict[str, Any]:
        key = {"pk": {"S": TABLE_KEY}, "sk": {"S": f"{seq:012d}"}}
        stored: dict[str, Any] = client.get_item(TableName=table, Key=key)["Item"]
        return stored

    def put(*items: dict[str, Any]) -> None:
        for each in items:
            client.put_item(TableName=table, Item=each)

    def script(expected: int) -> bool:
        env = made.environment() | json.loads(made.run(*SANDBOX, "env", "--json").out)
        words = (sys.executable, str(ROOT / "scripts" / "verify_audit.py"))
        done = subprocess.run(
            (*words, "--table", table, str(exported)),
            env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        print(f"$ verify_audit.py --table {table} audit.jsonl\n{done.stdout}{done.stderr}")
        return done.returncode == expected

    held = [script(0)]
    five, six = item(5), item(6)
    flipped = five | {"who": {"S": five["who"]["S"][:-1] + "X"}}
    keys = {name: five[name] for name in ("pk", "sk")}, {name: six[name] for name in ("pk", "sk")}

    def delete_five() -> None:
        put(six)
        client.delete_item(TableName=table, Key=keys[0])

    for what, change, word in (
        ("one byte of record 5 is flipped", partial(put, flipped), "record 5 was altered"),
        ("records 5 and 6 change places", partial(put, five | keys[1], six | keys[0]), "record 5"),
        ("record 5 is deleted", delete_five, "record 5 is missing"),
    ):
        change()
        print(f"-- {what}")
        held.append(word in say(made, "admin", "audit --verify"))
        held.append(script(1))
    put(five, six)
    print("-- all put back as it was")
    held.append("The audit is intact" in say(made, "admin", "audit --verify"))
    return all(held)


def in_group(made: Sandbox) -> list[str]:
    """The IAM users of the members' group."""
    found = made.aws("iam").get_group(GroupName=GROUP)["Users"]
    return sorted(user["UserName"] for user in found)


def say(made: Sandbox, person: str, text: str) -> str:
    """Somebody types `/sshq …`; it is printed with what they are shown."""
    shown = made.slash(person, text)
    print(f"$ {person}: /sshq {text}\n{shown}", flush=True)
    return shown


def heading(text: str) -> None:
    """A line over what follows."""
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
