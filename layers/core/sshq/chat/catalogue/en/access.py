"""English: tickets, leases and sessions."""

TEXTS: dict[str, str] = {
    "command.connect": "get a new one-time ticket for a job that is ready",
    "ticket.title": "`{job}` is ready. Paste this into a terminal on your laptop:",
    "ticket.note": "The ticket works once, for ten minutes, and only you can see it. "
    "Afterwards `ssh {alias}` works until the job ends. No sshq-local yet? "
    "`pipx install sshq-local`",
    "ticket.reused": "Somebody used a ticket for `{job}` that had been used already, from "
    "{source}. I ended the connection that it had opened. If that was you on another machine: "
    "`/sshq connect {job}` gives you a new one. If not, tell your admin.",
    "refusal.ticket-unusable": "This ticket can't be used. Tickets work once, for ten minutes.",
    "refusal.ticket-unusable.next": "Ask for a new one: /sshq connect <job>",
    "refusal.lease-ended": "This connection's lease has ended: the job is over, it was stopped, "
    "or the access was taken back.",
    "refusal.lease-ended.next": "In Slack: /sshq list, then /sshq connect <job>",
    "refusal.bad-signature": "The request isn't signed by the key that the lease belongs to.",
    "refusal.bad-signature.next": "Redeem a new ticket: /sshq connect <job>",
    "refusal.clock-skew": "This computer's clock is {seconds} seconds {direction} the server's.",
    "refusal.clock-skew.next": "Set the clock right, then try again.",
    "refusal.unknown-node": "`{job}` has no node {rank}.",
    "refusal.unknown-node.next": "`sshq-local status` lists the nodes.",
    "refusal.node-not-connected": "The job's SSM agent isn't connected at the moment.",
    "refusal.node-not-connected.next": "Try again in a minute; it reconnects by itself.",
    "refusal.too-many-sessions": "This lease has {most} open sessions already.",
    "refusal.too-many-sessions.next": "Close one, then try again.",
}
