"""English: what is said of held leases and their jobs."""

TEXTS = {
    "leases.none": "No leases. Ask for a ticket in Slack: /sshq connect <job>",
    "leases.none-held": "This computer holds no lease.",
    "leases.left": "{hours} h {minutes} min left",
    "leases.job_state": "state",
    "leases.deadline": "deadline",
    "leases.expires_at": "lease until",
    "leases.cost_so_far": "cost so far",
    "leases.last-failure": "last failure",
    "leases.stopping": "Stopping {job}",
    "leases.given-back": "{job}: given back.",
    "leases.gone-here": "{job}: gone from this computer. {why} The lease ends by itself.",
    "leases.clean": "Nothing of sshq is left in {folder}.",
    "leases.left-over": "Only what isn't sshq's is left in {folder}.",
    "leases.session": "since {since}",
    "leases.no-sessions": "No open connections.",
    "leases.session-ended": "{job}: {session} has ended.",
    "leases.no-such-session": "The leases of this computer have no open session {session}.",
    "leases.no-such-session.next": "sshq-local sessions lists those that are open.",
    "leases.no-command": "There is no command to run.",
    "leases.no-command.next": "Put it after two dashes: sshq-local exec <job> -- nvidia-smi",
}
