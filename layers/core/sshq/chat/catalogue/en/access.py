"""English: tickets, leases and sessions."""

TEXTS: dict[str, str] = {
    "command.connect": "get a new one-time ticket for a job that is ready",
    "command.sessions": "who is connected to your jobs, and from where; end one",
    "command.end-session": "end one session (a button of `/sshq sessions`)",
    "command.end-lease": "take a laptop's access back (a button of `/sshq sessions`)",
    "command.ticket-reused": "the alarm for a ticket that came twice",
    "command.ca": "the CA's keys, and how far their rotation is",
    "ticket.title": "`{job}` is ready. Paste this into a terminal on your laptop:",
    "ticket.note": "The ticket works once, for ten minutes, and only you can see it. "
    "Afterwards `ssh {alias}` works until the job ends. No sshq-local yet? `{install}`",
    "ticket.reused": "Somebody used a ticket for `{job}` that had been used already. It came "
    "from {source}, with the key `{fingerprint}` ({client}); at first it was used from {first_source}. I "
    "ended the connection that it had opened. If that was you on another machine: `/sshq connect "
    "{job}` gives you a new one. If not, tell your admin.",
    "too-many.title": "`{job}` of <@{owner}>: a node registered that shouldn't be there",
    "too-many.early": "`{node}` registered before the job's machines had the activation code. I "
    "deregistered it.",
    "too-many.late": "`{node}` registered though all of the job's nodes were in. I deregistered it.",
    "too-many.no-such-rank": "`{node}` claims a place that the job hasn't got. I deregistered it.",
    "too-many.not-its-container": "`{node}` claims to be a container of the job, whose log says that "
    "the container isn't that node. Nobody is let into it, and the ways into the job are ended.",
    "too-many.in-doubt": "`{node}` and another one claim the same place, and only one can be "
    "real. Nobody is let into either.",
    "too-many.next": "Somebody may have the job's activation code. `/sshq stop {job}` takes all of "
    "its nodes away, and a new `/sshq run` has a new code. Admins: `/sshq audit {job}` tells all that "
    "was done for it.",
    "sessions.title": "Who can get into your jobs",
    "sessions.none": "Nobody holds a way into a job of yours. `/sshq connect` gives you a ticket.",
    "sessions.lease": "*`{job}`*: a laptop at {source} ({client}), since {since}",
    "sessions.unknown-client": "an unknown client",
    "sessions.session": "connected to node {rank} since {since}: `{session}`",
    "sessions.no-session": "not connected at the moment",
    "sessions.more": "… and {count} more",
    "sessions.end": "End this session",
    "sessions.end-lease": "Take this laptop's access back",
    "sessions.ended": "The session on `{job}` has ended. Its laptop may connect again while it "
    "holds its lease.",
    "sessions.lease-ended": "The access to `{job}` is taken back: its connections drop within "
    "ten seconds.",
    "ca.title": "SSH certificate authority",
    "ca.signs": "`{fingerprint}` signs for new jobs; {jobs} open {jobs:job trusts|jobs trust} it",
    "ca.trusted": "`{fingerprint}` is trusted by new jobs as well; {jobs} open "
    "{jobs:job trusts|jobs trust} it alone",
    "ca.steady": "No rotation is under way. To begin one: deploy with `SshCa={next}` "
    "(docs/security.md).",
    "ca.wait": "A rotation is under way. The old key is still needed by {jobs} open {jobs:job|jobs}; wait "
    "until they have ended.",
    "ca.finish": "A rotation is under way, and no open job needs the old key any more. To "
    "finish: deploy with `SshCa={next}`.",
    "refusal.ticket-unusable": "This ticket can't be used. Tickets work once, for ten minutes.",
    "refusal.ticket-unusable.next": "Ask for a new one: /sshq connect <job>",
    "refusal.lease-ended": "This connection's lease has ended: the job is over, it was stopped, "
    "or the access was taken back.",
    "refusal.lease-ended.next": "In Slack: /sshq list, then /sshq connect <job>",
    "refusal.bad-signature": "The request isn't signed by the key that the lease belongs to.",
    "refusal.bad-signature.next": "Redeem a new ticket: /sshq connect <job>",
    "refusal.clock-skew": "This computer's clock is {seconds} {seconds:second|seconds} "
    "{direction} the server's.",
    "refusal.clock-skew.next": "Set the clock right, then try again.",
    "refusal.unknown-node": "`{job}` has no node {rank}.",
    "refusal.unknown-node.next": "`sshq-local status` lists the nodes.",
    "refusal.node-not-connected": "The job's SSM agent isn't connected at the moment.",
    "refusal.node-not-connected.next": "Try again in a minute; it reconnects by itself.",
    "refusal.too-many-sessions": "You have {most} open sessions already.",
    "refusal.too-many-sessions.next": "Close one (`/sshq sessions` lists them), then try again.",
    "refusal.too-many-attempts": "Too many tickets that can't be used came from your network.",
    "refusal.too-many-attempts.next": "Wait {minutes} {minutes:minute|minutes}, then use a "
    "ticket that is fresh.",
    "refusal.too-many-tickets": "Too many tickets were asked for in the last minutes.",
    "refusal.too-many-tickets.next": "Use the one that you have, or wait {minutes} {minutes:minute|minutes}.",
    "refusal.ca-retired": "This job trusts a certificate authority that has been retired since "
    "it started.",
    "refusal.ca-retired.next": "Start a new job, or ask your admin: `/sshq ca` tells more.",
    "refusal.nodes-kept-out": "`{job}` has no node left that can be trusted: one registered in place of "
    "its container.",
    "refusal.nodes-kept-out.next": "Stop it and run it anew: `/sshq stop {job}`, then `/sshq run`.",
    "refusal.unknown-session": "There is no such session any more.",
    "refusal.unknown-session.next": "`/sshq sessions` lists those that are open.",
}
