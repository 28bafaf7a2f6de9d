"""English: what belongs to no area: help, acknowledgements, errors."""

TEXTS: dict[str, str] = {
    "area.general": "General",
    "area.jobs": "Jobs",
    "area.access": "Getting in",
    "area.members": "People",
    "area.setup": "The AWS account",
    "command.help": "what sshq can do, or how one command is used",
    "parameter.topic": "a command",
    "help.title": "sshq: SSH into SageMaker, from Slack",
    "help.more": "`/sshq help COMMAND` tells more about one.",
    "help.admins-only": "admins",
    "help.examples": "Examples",
    "help.usage": "Usage",
    "ack.queued": "On it: `/sshq {verb}` …",
    "dead-letter": "I couldn't do `/sshq {verb}`, though I tried several times. Nothing else "
    "will come of it. Try again; if it happens again, give your admin this number: {correlation}",
    "dead-letter.job": "I couldn't finish `/sshq run`, though I tried several times; but job "
    "*{job}* was made for it, and may run. Don't ask again: `/sshq status {job}` tells how it is, "
    "`/sshq stop {job}` ends it. The number for your admin is {correlation}",
    "dead-letter.waits": "I couldn't finish `/sshq run`, though I tried several times; but your "
    "request stands in line for {pool}, and its turn will come. Don't ask again: "
    "`/sshq stop --mine` takes it out, and ends your jobs. The number for your admin is {correlation}",
    "refusal.unknown-command": "There is no `/sshq {command}`.",
    "refusal.unknown-command.next": "`/sshq help` lists the commands. {near}",
    "refusal.unknown-command.near": "Did you mean {near}?",
    "refusal.none": "none",
    "refusal.usage": "That can't be read: {problem}.",
    "refusal.usage.next": "Usage: `{usage}`",
    "refusal.refused-by-aws": "AWS refused: {detail}",
    "refusal.refused-by-aws.next": "If this is not about what you asked for, show it to your admin.",
    "refusal.too-many-requests": "Too many requests.",
    "refusal.too-many-requests.next": "Wait a minute, then try again.",
    "refusal.bad-request": "The request can't be read: {problem}",
    "refusal.bad-request.next": "Update sshq-local: {upgrade}",
    "refusal.internal": "Something went wrong here; it is not your fault.",
    "refusal.internal.next": "Try again. If it happens again, give your admin this number: "
    "{correlation}",
}
