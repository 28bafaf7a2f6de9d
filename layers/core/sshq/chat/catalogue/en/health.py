"""English: what a doctor finds."""

TEXTS: dict[str, str] = {
    "command.doctor": "find out what keeps you from a job",
    "health.title": "What I see of `{job}`",
    "health.well": "From here everything is well. If your laptop still can't get in, look from there: "
    "`sshq-local doctor {job}`",
    "health.not-well": "From your laptop you can see more: `sshq-local doctor {job}`",
    "health.job.ready": "The job is ready.",
    "health.job.on-its-way": "The job isn't ready yet; it is {phase}.",
    "health.job.on-its-way.next": "Wait for it: its message in your DM tells how far it is.",
    "health.job.over": "The job is over ({phase}); nobody can get in any more.",
    "health.job.over.next": "`/sshq run` starts a new one.",
    "health.time.left": "It has {minutes} {minutes:minute|minutes} left.",
    "health.time.soon-over": "It has only {minutes} {minutes:minute|minutes} left.",
    "health.time.soon-over.next": "Save what you need, or ask for more time: `/sshq extend {job}`",
    "health.agent.connected": "{alias}: the SSM agent of {node} is connected.",
    "health.agent.lost": "{alias}: the SSM agent of {node} is not connected.",
    "health.agent.lost.next": "It reconnects by itself within minutes. If it doesn't, the container "
    "has no network or no memory left: `/sshq stop`, then `/sshq run` again.",
    "health.sshd.answers": "{alias}: the machine answers, and its sshd is up.",
    "health.sshd.silent": "{alias}: the machine is connected, but doesn't answer.",
    "health.sshd.silent.next": "It is too busy, or out of memory or disk. Wait a minute and look again; "
    "else `/sshq stop`, then `/sshq run` again.",
    "health.host-key.pinned": "{alias}: its host key is the one that your laptop pins.",
    "health.host-key.changed": "{alias}: its host key is not the one that was learnt when it started.",
    "health.host-key.changed.next": "Don't connect. Tell your admin, and stop the job.",
}
