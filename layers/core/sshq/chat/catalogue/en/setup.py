"""English: setup, drift, teardown."""

TEXTS: dict[str, str] = {
    "command.setup": "prepare this AWS account: shows a plan of every change, then asks",
    "command.setup-apply": "make the changes of a plan that was shown",
    "command.setup-cancel": "throw a plan away",
    "command.setup-details": "show the policies of a plan",
    "command.teardown": "take away what setup made: shows a plan, then asks",
    "parameter.check": "only tell what differs from what setup made, and since when",
    "parameter.repair": "the plan that mends what differs",
    "parameter.export": "the same as a CloudFormation template, for you to deploy; changes nothing",
    "parameter.quickstart": "give jobs AmazonSageMakerFullAccess, inside the boundary",
    "setup.title": "Plan for AWS account {account}, {region}",
    "setup.counts": "{create} to create · {change} to change · {same} as they should be",
    "setup.create": "create",
    "setup.change": "change",
    "setup.delete": "delete",
    "setup.kind.role": "role",
    "setup.kind.group": "group",
    "setup.kind.setting": "setting",
    "setup.kind.document": "document",
    "setup.kind.bucket": "bucket",
    "setup.kind.agent": "agent",
    "setup.put-back": "put back",
    "setup.unfold": "Policies",
    "setup.fold": "Fold",
    "setup.detail.boundary": "put the permissions boundary on it",
    "setup.detail.attach": "attach `{policy}`",
    "setup.detail.detach": "detach `{policy}`",
    "setup.detail.inline": "write its policy `{policy}`",
    "setup.detail.value": "from `{was}` to `{wanted}`",
    "setup.detail.content": "write its content",
    "setup.detail.type": "another type",
    "setup.detail.private": "block all public access",
    "setup.detail.owner-enforced": "switch access lists off",
    "setup.detail.encryption": "encrypt by default",
    "setup.detail.lifecycle": "let start-up files go after 30 days, broken uploads after 7",
    "setup.detail.policy": "refuse requests without TLS",
    "setup.broad.full-access": "all of SageMaker, passing of roles, every bucket with “sagemaker” "
    "in its name",
    "setup.broad.job": "the quick-start script's own policy: S3 without bounds",
    "setup.broad.server": "root in any job could register an outside machine as a node",
    "setup.broad.client": "no check of the session's document: a root shell, commands as root",
    "setup.narrowing": "This account was set up by the quick-start script. What is detached above is "
    "too broad; who still needs it can be given it by name. The policies themselves are not deleted. "
    "`/sshq setup --quickstart` keeps AmazonSageMakerFullAccess.",
    "setup.quickstart-warning": ":warning: AmazonSageMakerFullAccess, as the quick-start script gives "
    "it. The boundary stays on the role, so this is still refused to jobs: IAM, passing and assuming "
    "roles, starting jobs or endpoints, SSM sessions, commands, activations and tags, other jobs' "
    "start-up files.",
    "setup.costs": "The advanced tier holds for the whole account and region, and costs about "
    "$0.00695 an hour for each connected node (China's regions have a price of their own, in yuan). "
    "Without it SSM opens no sessions to jobs.",
    "setup.alone": "One admin can do this alone here. The stack's parameter `SecondAdmin` asks for two.",
    "setup.left": "Left alone:",
    "setup.left.role": "`{policy}`, which sshq didn't give it; the boundary bounds it",
    "setup.left.group": "`{policy}`, which sshq didn't give it; no boundary bounds a group",
    "setup.by-hand.trust": "who may assume it isn't as it should be. sshq has no right to change that "
    "(IAM can't bind that right to a boundary). An administrator of the account can paste this:",
    "setup.blocked.role": "a role of this name is there, and neither sshq nor the quick-start script "
    "made it. Give the stack another name for it, or hand the role over: `{command}`. "
    "Nothing was changed.",
    "setup.confirm": "Confirm",
    "setup.cancel": "Cancel",
    "setup.go-on": "Go on",
    "setup.nothing": "Everything is as it should be in AWS account {account}, {region}. "
    "Next: `/sshq add-user @somebody`.",
    "setup.held": "This plan waits for a second admin.",
    "setup.applying": "At work: {done} of {all} {all:change|changes} made",
    "setup.waits": "AWS is busy at “{change}”. The next try is in {seconds} {seconds:second|seconds}.",
    "setup.done": "Setup is done: {all} {all:change|changes} made and checked. Next: `/sshq "
    "add-user @somebody`.",
    "setup.failed": "Stopped at “{change}”. What is ticked was done and stays; the rest wasn't.",
    "setup.unverified": "{all:The change was|All changes were} made, but {all:it|they} couldn't "
    "be read back. "
    "Run `/sshq setup --check` to see whether anything is left.",
    "setup.moved": "The account changed since that plan was made, so nothing was done. "
    "The plan as of now follows.",
    "setup.cancelled": "The plan was thrown away; nothing was changed.",
    "setup.why.role-job": "the role that jobs run under: their own S3 folders, logs, images",
    "setup.why.role-node": "the minimal role that a job's SSM agent registers under",
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
    "teardown.title": "Take down what sshq made in AWS account {account}, {region}",
    "teardown.counts": "{all} to take away · {left} left alone",
    "teardown.nothing": "Nothing of what sshq made is left in AWS account {account}, {region}.",
    "teardown.done": "Taken down: {all} {all:change|changes} made and checked. The stack itself "
    "is deleted with "
    "`sam delete`.",
    "teardown.left.not-made": "sshq didn't make it",
    "teardown.left.not-changed": "sshq didn't change it",
    "teardown.left.foreign-nodes": "nodes that aren't sshq's need the advanced tier",
    "teardown.left.outputs": "it holds what jobs put out, or copies of the audit; "
    "empty it, then run this again",
    "teardown.left.group": "others attached policies to it",
    "drift.none": "Nothing differs from what setup made in AWS account {account}, {region}.",
    "drift.title": "{count} {count:differs|differ} from what setup made in AWS account {account}, {region}",
    "drift.seen": "first seen {seen}",
    "drift.since": "since between {fine} and {seen}",
    "drift.checked": "Looked at {at}. sshq looks every day by itself.",
    "drift.repair": "Plan the repair",
    "export.title": "What setup would make, as a CloudFormation template. Put the pieces together into "
    "one file.",
    "export.note": "Deploy it with --capabilities CAPABILITY_NAMED_IAM; its description has the one "
    "command that CloudFormation lacks. Afterwards `/sshq setup` finds everything as it should be.",
    "refusal.not-set-up": "This AWS account isn't set up for sshq yet: {missing}.",
    "refusal.not-set-up.next": "An admin has to run `/sshq setup`.",
    "refusal.plan-expired": "That plan is not the latest one.",
    "refusal.plan-expired.next": "Run `/sshq setup` for the plan as of now.",
    "refusal.aws-busy": "AWS is busy or didn't answer: {detail}",
    "refusal.aws-busy.next": "Try again in a minute; it goes on where it stopped.",
    "refusal.bucket-taken": "The bucket `{bucket}` belongs to another AWS account, or may not be read.",
    "refusal.bucket-taken.next": "Somebody may have taken the name on purpose: tell your AWS "
    "administrator. Nothing was put there.",
    "refusal.jobs-still-open": "Jobs are still open: {jobs}.",
    "refusal.jobs-still-open.next": "Stop them first (`/sshq stop`), then run `/sshq teardown` again.",
    "refusal.made-meanwhile": "`{resource}` was made by somebody else meanwhile; it was not touched.",
    "refusal.made-meanwhile.next": "Run `/sshq setup` for the plan as of now.",
    "refusal.not-as-written": "It was written, but AWS shows something else: {resources}.",
    "refusal.not-as-written.next": "Somebody else may be at work there. Run `/sshq setup` to see what "
    "is left.",
}
