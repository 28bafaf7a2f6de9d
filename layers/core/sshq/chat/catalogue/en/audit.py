"""English: the audit."""

TEXTS: dict[str, str] = {
    "command.audit": "what was decided and done: all of it, somebody's, or about a job",
    "parameter.of": "whose, or about which job; without it everybody's",
    "parameter.days": "how many days back, 7 if not said",
    "parameter.to_s3": "write those days to S3 as JSON lines",
    "parameter.verify": "check the whole chain of records",
    "audit.title": "{count} {count:record|records}, the latest first",
    "audit.none": "There is no record of that in these days.",
    "audit.more": "… and {count} older {count:one|ones}. `/sshq audit --export` writes all of them to S3.",
    "audit.exported": "{count} {count:record is|records are} in {where} now, one file a day.",
    "audit.intact": "The audit is intact: {records} {records:record|records}, the last is number {last}. Its "
    "digest, to be kept elsewhere: {digest}",
    "audit.broken": "The audit isn't intact: {count} {count:fault|faults} in {records} "
    "{records:record|records}, the last is "
    "number {last}.",
    "audit.fault.altered": "• record {seq} was altered",
    "audit.fault.missing": "• record {seq} is missing",
    "audit.fault.out-of-place": "• record {seq} stands where another one belongs",
    "audit.fault.relinked": "• record {seq} doesn't follow from the one before it, which was "
    "replaced",
}
