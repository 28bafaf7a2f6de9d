"""English: a lease that can't be used."""

TEXTS = {
    "lease.not-as-agreed": "The lease can't be used: {what} is missing or not as agreed.",
    "lease.not-as-agreed.next": "Check that sshq-local and your team's sshq are of the same "
    "version: sshq-local version",
    "lease.none-for": "This computer holds no lease for {name}.",
    "lease.none-for.next": "See what it holds with sshq-local ls, or ask for a ticket in Slack: "
    "/sshq connect <job>",
    "lease.damaged": "The lease {id} on this computer is damaged.",
    "lease.damaged.next": "Ask for a new ticket in Slack: /sshq connect <job>",
    "lease.no-key": "The key of the lease for {job} can't be read: {why}.",
    "lease.no-key.next": "Ask for a new ticket in Slack: /sshq connect <job>",
    "lease.bad-certificate": "The access API's certificate can't be read: {why}.",
    "lease.bad-certificate.next": "Ask for a new ticket in Slack: /sshq connect <job>",
}
