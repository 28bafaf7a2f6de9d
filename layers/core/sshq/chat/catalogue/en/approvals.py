"""English: requests that wait for a second person."""

TEXTS: dict[str, str] = {
    "command.approve": "let a request go on that waits for a second admin",
    "command.decline": "end a request that waits for a second admin",
    "approval.asked": "<@{user}> asks to: {what}.",
    "approval.waits": "This waits for a second admin: {what}.",
    "approval.waits-for-one": "This waits for an admin: {what}.",
    "approval.a-job": "start a job, {shape}",
    "approval.reason": "Reason given: {reason}",
    "approval.until": "It lapses at {until} if nobody decides.",
    "approval.approve": "Approve",
    "approval.decline": "Decline",
    "approval.approved": "<@{by}> approved what <@{user}> asked for: {what}.",
    "approval.declined": "<@{by}> declined what <@{user}> asked for: {what}. Nothing was changed.",
    "approval.lapsed": "Nobody decided in time about what <@{user}> asked for: {what}. "
    "Nothing was changed.",
    "approval.why.second-admin": "This stack wants two admins for it.",
    "refusal.approval-own": "You asked for this yourself.",
    "refusal.approval-own.next": "Another admin has to press the button.",
    "refusal.approval-decided": "This has been decided already.",
    "refusal.approval-decided.next": "Nothing is left to do here.",
    "refusal.approval-lapsed": "This request has lapsed; nothing came of it.",
    "refusal.approval-lapsed.next": "Whoever wants it still has to ask again.",
    "refusal.no-second-admin": "This waits for a second admin, and this workspace has no other one.",
    "refusal.no-second-admin.next": "Name a second person in the stack's parameter `Admins`, "
    "or set `SecondAdmin` to `no`.",
}
