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
    "refusal.not-a-person": "<@{user}> is a guest, a bot, from another company, or deactivated.",
    "refusal.not-a-person.next": "Only full members of this Slack workspace can use sshq.",
    "refusal.unknown-user": "Slack knows no user `{user}` in this workspace.",
    "refusal.unknown-user.next": "Type @ and pick the person from Slack's list.",
}
