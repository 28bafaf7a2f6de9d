"""Who may do what, as the code decides it: every verb is asked for by every kind of person.

python scripts/member_matrix.py            # print the tables
python scripts/member_matrix.py --write    # put them into docs/members.md
python scripts/member_matrix.py --check    # exit 1 if the page says something else
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sshq.chat.command import Queue  # noqa: E402
from sshq.chat.parsing import parse_text  # noqa: E402
from sshq.chat.registry import COMMANDS  # noqa: E402
from sshq.domain.authorisation import Because  # noqa: E402
from sshq.domain.identity import Actor  # noqa: E402
from sshq.domain.jobs import Phase  # noqa: E402
from sshq.domain.members import Leave, Limits  # noqa: E402
from sshq.domain.sharing import Share  # noqa: E402
from sshq.use_cases.dispatch import commands, provisioning  # noqa: E402
from tests.core_broker import ready_job  # noqa: E402
from tests.core_services import ADMIN, ALICE, BOB, MemoryServices  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sshq.chat.command import Command
    from sshq.domain.jobs import Job

PAGE = ROOT / "docs" / "members.md"
BEGIN, END = "<!-- matrix: scripts/member_matrix.py -->", "<!-- end of matrix -->"
JOB_VERBS_ANSWER_IN = (Phase.STARTING, Phase.READY, Phase.STOPPING, Phase.STOPPED)
_HEX = "0" * 64
# What buttons carry, by the names of their verbs' arguments.
_CARRIED: dict[str, Any] = {
    "id": _HEX,
    "digest": _HEX,
    "request": _HEX,
    "instance": "ml.m5.large",
    "change": 0,
    "seconds": 3600,
    "lease": "a-lease",
    "session": "s-1",
}


def _someone(user: str) -> Actor:
    return Actor(team=ADMIN.team, user=user)


# In the order of the columns. Alice owns the job that is asked about; Bob has a share in it.
PEOPLE = {
    "owner": ALICE,
    "shared with": BOB,
    "other member": _someone("U0CAROL"),
    "admin": _someone("U0TOM"),
    "stack's admin": ADMIN,
    "not a member": _someone("U0NOBODY"),
    "past `--until`": _someone("U0PAST"),
    "being removed": _someone("U0LEAVING"),
    "guest": _someone("U0GUEST"),
    "deactivated": _someone("U0GONE"),
    "denied by stack": _someone("U0DENIED"),
}
_TARGET = _someone("U0TARGET")


def world() -> tuple[MemoryServices, Job]:
    """A stack with one of each kind, and a job of Alice's that is ready."""
    services = MemoryServices().with_settings(denied=PEOPLE["denied by stack"].tag)
    for who in (*PEOPLE.values(), _TARGET):
        profile = services.chat.profiles[ADMIN.user].model_copy(update={"user": who.user})
        services.chat.profiles[who.user] = profile
        if who not in {ADMIN, PEOPLE["not a member"]}:
            services.enrol(who, who.user[2:].lower())
    for kind, flag in (("guest", "restricted"), ("deactivated", "deleted")):
        user = PEOPLE[kind].user
        profile = services.chat.profiles[user].model_copy(update={flag: True})
        services.chat.profiles[user] = profile
    changes = {
        "admin": {"admin": True},
        "past `--until`": {"limits": Limits(until=services.clock.now())},
        "being removed": {"leaving": Leave.REMOVED},
    }
    for kind, change in changes.items():
        services.members.change(PEOPLE[kind], lambda m, c=change: m.model_copy(update=c))  # type: ignore[misc]
    job = ready_job(services)
    now = services.clock.now()
    services.shares.put(Share(job=job.name, owner=ALICE, member=BOB, shared_at=now))
    return services, job


def asked_for() -> list[Command]:
    """The verbs that a person can ask for, in the order of help."""
    known = {"job", "user", *_CARRIED}
    return [
        c
        for c in COMMANDS
        if c.queue is not Queue.NONE
        and not c.quiet
        and (
            c.typed or known >= {n for n, f in c.arguments.model_fields.items() if f.is_required()}
        )
    ]


def decision(command: Command, who: Actor) -> str:
    """What the audit says was decided when `who` asks for it: why it is allowed, or why not."""
    services, job = world()
    before = len(services.audit.events)
    _ask(services, command, who, job)
    for event, actor, facts in services.audit.events[before:]:
        if event in {"allowed", "refused"} and actor == who:
            return facts["reason"]
    return "no decision"


def outcome(command: Command, phase: Phase) -> str:
    """What the owner gets in a phase of the job: done, or the reason of the refusal."""
    services, job = world()
    end = {"ended_at": services.clock.now()} if phase.has_ended else {}
    job = services.jobs.all[job.name] = job.model_copy(update={"phase": phase, **end})
    before = len(services.chat.said)
    _ask(services, command, ALICE, job)
    said = [str(view.blocks) for _, view in services.chat.said[before:]]
    return "refused" if any(":no_entry:" in text for text in said) else "done"


def _ask(services: MemoryServices, command: Command, who: Actor, job: Job) -> None:
    message = services.message(who, command.verb, trigger="asked", **_arguments(command, job))
    (commands if command.queue is Queue.COMMANDS else provisioning)(services, message)


def _arguments(command: Command, job: Job) -> dict[str, Any]:
    """Of the verb's first example, or of its button; about Alice's job and a member of no rights."""
    fields = command.arguments.model_fields
    found: dict[str, Any] = {}
    if command.examples:
        text = command.examples[0].removeprefix("/sshq ")
        text = re.sub(r"(?<=\s)@[\w-]+", f"<@{_TARGET.user}|t>", text)
        found = parse_text(text).arguments.model_dump(mode="json")
    own = {**_CARRIED, "job": job.name, "user": _TARGET.user}
    needed = {name for name, field in fields.items() if field.is_required()}
    return found | {n: own[n] for n in fields if n in own and (n in needed or n == "job")}


def people_table() -> str:
    """Verbs by people. A word in a cell is why it is allowed; (in brackets) why it isn't."""
    allowed = {because.value for because in Because}
    rows = [["", *PEOPLE]]
    for command in asked_for():
        reasons = [decision(command, who) for who in PEOPLE.values()]
        cells = [reason if reason in allowed else f"({reason})" for reason in reasons]
        rows.append([f"`{command.verb}`", *cells])
    return _markdown(rows)


def phases_table() -> str:
    """Verbs on a job by its phase, for its owner."""
    rows = [["", *(phase.value for phase in JOB_VERBS_ANSWER_IN)]]
    rows += [
        [f"`{command.verb}`", *(outcome(command, phase) for phase in JOB_VERBS_ANSWER_IN)]
        for command in asked_for()
        if "job" in command.arguments.model_fields
    ]
    return _markdown(rows)


def page_with(tables: str, page: str) -> str:
    """The docs page with these tables between its marks."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{rest.partition(END)[2]}"


def tables() -> str:
    """Both tables with their titles."""
    return (
        "**By person.** A word says why it is allowed; in brackets, why it is refused.\n\n"
        f"{people_table()}\n\n"
        "**By the job's state**, for its owner.\n\n"
        f"{phases_table()}"
    )


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    return "\n".join([_row(head), _row(["---"] * len(head)), *(_row(cells) for cells in body)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main(words: Sequence[str]) -> int:
    """Print the tables, write them, or compare them."""
    if not words:
        print(tables())
        return 0
    there = PAGE.read_text(encoding="utf-8")
    right = page_with(tables(), there)
    if "--write" in words:
        PAGE.write_text(right, encoding="utf-8")
        return 0
    if there != right:
        print("docs/members.md isn't what the code says: run make docs")
    return int(there != right)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
