"""English: members and admins."""

TEXTS: dict[str, str] = {
    "command.add-user": "enrol a member of this workspace",
    "command.whoami": "who you are to sshq",
    "parameter.user": "the person, picked from Slack's list",
    "add-user.done": "<@{user}> is a member now.",
    "add-user.again": "<@{user}> is a member already; nothing was changed.",
    "add-user.welcome": "<@{admin}> made you a member of sshq. Try `/sshq run` for a machine of "
    "your own, and `/sshq help` for the rest. On your laptop: `pipx install sshq-local`.",
    "whoami.admin": "You are <@{user}>, an admin of this sshq. Next: `/sshq setup` or "
    "`/sshq add-user @somebody`.",
    "whoami.member": "You are <@{user}>, a member. Next: `/sshq run`.",
    "whoami.stranger": "You are <@{user}>, and not a member yet. Ask an admin to type "
    "`/sshq add-user` with your name.",
    "refusal.not-a-member": "You are not a member of sshq in this workspace.",
    "refusal.not-a-member.next": "Ask an admin to type `/sshq add-user` with your name.",
    "refusal.not-an-admin": "Only an admin of this sshq may do that.",
    "refusal.not-an-admin.next": "Admins are named in the stack's parameter `Admins`.",
    "refusal.not-a-stack-admin": "Only an admin whom the stack itself names may do that.",
    "refusal.not-a-stack-admin.next": "Those are the people in the stack's "
    "parameter `Admins`; `/sshq users` shows who.",
    "refusal.iam-identity-taken": "The IAM identity `{name}` belongs to another member already.",
    "refusal.iam-identity-taken.next": "An identity is one person's; `/sshq users` shows whose it is.",
    "refusal.denied": "This sshq doesn't work for you: the stack's parameter `Denied` names you.",
    "refusal.denied.next": "If that is a mistake, ask whoever deploys the stack.",
    "refusal.membership-over": "Your membership of sshq is over.",
    "refusal.membership-over.next": "Ask an admin to type `/sshq add-user` with your name.",
    "refusal.deactivated": "<@{user}> is deactivated in Slack.",
    "refusal.deactivated.next": "Only full members of this Slack workspace can use sshq.",
    "refusal.bot": "<@{user}> is a bot.",
    "refusal.bot.next": "Pick a person. Only full members of this Slack workspace can use sshq.",
    "refusal.guest": "<@{user}> is a guest in this workspace.",
    "refusal.guest.next": "Only full members of this Slack workspace can use sshq; a Slack "
    "admin can make <@{user}> one.",
    "refusal.stranger": "<@{user}> belongs to another workspace or company.",
    "refusal.stranger.next": "Only full members of this Slack workspace can use sshq.",
    "refusal.unknown-user": "Slack knows no user `{user}` in this workspace.",
    "refusal.unknown-user.next": "Type @ and pick the person from Slack's list.",
}
