"""English: setup."""

TEXTS: dict[str, str] = {
    "command.setup": "prepare this AWS account: shows a plan of every change, then asks",
    "command.setup-apply": "make the changes of a plan that was shown",
    "command.setup-cancel": "throw a plan away",
    "setup.title": "Plan for AWS account {account}, {region}",
    "setup.counts": "{create} to create · {change} to change · {same} as they should be",
    "setup.create": "create",
    "setup.change": "change",
    "setup.costs": "The advanced tier holds for the whole account and region, and costs about "
    "$0.00695 an hour for each connected node. Without it SSM opens no sessions to jobs.",
    "setup.confirm": "Confirm",
    "setup.cancel": "Cancel",
    "setup.nothing": "Everything is as it should be in AWS account {account}, {region}. "
    "Next: `/sshq add-user @somebody`.",
    "setup.applying": "Setting up: {done} of {all} changes made",
    "setup.done": "Setup is done: {all} changes made and checked. Next: `/sshq add-user @somebody`.",
    "setup.failed": "Setup stopped at “{change}”: {error}. What was made before it stays. "
    "Run `/sshq setup` again to go on from here.",
    "setup.moved": "The account changed since that plan was made, so nothing was done. "
    "This is the plan as of now.",
    "setup.cancelled": "The plan was thrown away; nothing was changed.",
    "setup.why.role-job": "the role that jobs run under",
    "setup.why.role-node": "the minimal role that a job's SSM agent registers under",
    "setup.why.policy-job": "what jobs may do: their own S3 prefixes, logs, images",
    "setup.why.group": "IAM users who may open sessions to their own jobs",
    "setup.why.tier": "SSM opens sessions to jobs only in the advanced tier",
    "setup.why.session-document": "lets a session reach the SSH port of a node, and nothing else",
    "setup.why.command-document": "the few verbs that the bot may ask of a node",
    "setup.why.agent": "the SSM agent, as signed by AWS, kept for jobs without internet",
    "refusal.agent-not-found": "AWS's package of the SSM agent can't be fetched ({package}): {detail}",
    "refusal.agent-not-found.next": "Try again; else check the stack's parameter `AgentVersion`.",
    "refusal.agent-not-verified": "{package} isn't what AWS signed: {detail}",
    "refusal.agent-not-verified.next": "Nothing of it was kept. If AWS signs with a new key, "
    "docs/container.md tells how to trust it.",
    "setup.why.bucket": "start-up files and sources; private, encrypted, TLS only",
    "refusal.not-set-up": "This AWS account isn't set up for sshq yet: {missing}.",
    "refusal.not-set-up.next": "An admin has to run `/sshq setup`.",
    "refusal.plan-expired": "That plan is not the latest one.",
    "refusal.plan-expired.next": "Run `/sshq setup` for the plan as of now.",
}
