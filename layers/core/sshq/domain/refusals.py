"""The one family of errors that a user can act on.

A refusal carries an enumerated reason and the facts of the case. The words are made from them in
one place (`sshq.chat.catalogue`), the same for Slack, for the client and for `--json`. Any other
exception is a bug: it is logged with the correlation id and the user gets `Reason.INTERNAL`.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why something was refused. Each has a sentence and a next step in every language."""

    UNKNOWN_COMMAND = "unknown-command"
    USAGE = "usage"
    NOT_A_MEMBER = "not-a-member"
    NOT_AN_ADMIN = "not-an-admin"
    NOT_YOUR_JOB = "not-your-job"
    NOT_A_STACK_ADMIN = "not-a-stack-admin"
    DENIED = "denied"
    PINNED_ADMIN = "pinned-admin"
    NOT_SHARED = "not-shared"
    SHARED_WITH_ONESELF = "shared-with-oneself"
    NO_MEMBER = "no-member"
    IS_LEAVING = "is-leaving"
    UNKNOWN_GROUP = "unknown-group"
    DAY_HAS_PASSED = "day-has-passed"
    UNKNOWN_IAM_IDENTITY = "unknown-iam-identity"
    ONE_PERSONS_IDENTITY = "one-persons-identity"
    SHARED_ROLE = "shared-role"
    IAM_IDENTITY_TAKEN = "iam-identity-taken"
    MEMBERSHIP_OVER = "membership-over"
    DEACTIVATED = "deactivated"
    BOT = "bot"
    GUEST = "guest"
    STRANGER = "stranger"
    UNKNOWN_USER = "unknown-user"
    NOT_SET_UP = "not-set-up"
    UNKNOWN_JOB = "unknown-job"
    NO_JOBS = "no-jobs"
    AMBIGUOUS_JOB = "ambiguous-job"
    AMBIGUOUS_PREFIX = "ambiguous-prefix"
    JOB_NOT_READY = "job-not-ready"
    JOB_HAS_ENDED = "job-has-ended"
    NAME_TAKEN = "name-taken"
    NOT_LATER = "not-later"
    BEYOND_THE_CAP = "beyond-the-cap"
    WAIT_FOR_NOTHING = "wait-for-nothing"
    NOTHING_WAITS = "nothing-waits"
    OVER_THE_CAP = "over-the-cap"
    QUOTA = "quota"
    OVER_THE_QUOTA = "over-the-quota"
    BEYOND_QUOTA = "beyond-quota"
    UNKNOWN_PRESET = "unknown-preset"
    PRESET_IN_USE = "preset-in-use"
    TOO_MANY_PRESETS = "too-many-presets"
    UNKNOWN_IMAGE = "unknown-image"
    IMAGE_NEEDS_ADDRESS = "image-needs-address"
    IMAGE_NOT_IN_REGION = "image-not-in-region"
    UNKNOWN_INSTANCE = "unknown-instance"
    UNKNOWN_VPC = "unknown-vpc"
    LOCATION_NOT_GRANTED = "location-not-granted"
    SPOT_WITH_WARM_POOL = "spot-with-warm-pool"
    NOT_IN_PRESET = "not-in-preset"
    TOO_MANY_JOBS = "too-many-jobs"
    PRICE_UNKNOWN = "price-unknown"
    OTHER_CURRENCY = "other-currency"
    OVER_BUDGET = "over-budget"
    OVER_TEAM_BUDGET = "over-team-budget"
    NEEDS_APPROVAL = "needs-approval"
    LINE_IS_FULL = "line-is-full"
    NO_LONGER_WAITING = "no-longer-waiting"
    REFUSED_BY_AWS = "refused-by-aws"
    PLAN_EXPIRED = "plan-expired"
    TICKET_UNUSABLE = "ticket-unusable"
    LEASE_ENDED = "lease-ended"
    BAD_SIGNATURE = "bad-signature"
    CLOCK_SKEW = "clock-skew"
    UNKNOWN_NODE = "unknown-node"
    NODE_NOT_CONNECTED = "node-not-connected"
    NODES_KEPT_OUT = "nodes-kept-out"
    UNKNOWN_SESSION = "unknown-session"
    TOO_MANY_ATTEMPTS = "too-many-attempts"
    CA_RETIRED = "ca-retired"
    TOO_MANY_TICKETS = "too-many-tickets"
    TOO_MANY_SESSIONS = "too-many-sessions"
    TOO_MANY_REQUESTS = "too-many-requests"
    BAD_REQUEST = "bad-request"
    INTERNAL = "internal"
    AGENT_NOT_FOUND = "agent-not-found"
    AGENT_NOT_VERIFIED = "agent-not-verified"
    AWS_BUSY = "aws-busy"
    BUCKET_TAKEN = "bucket-taken"
    JOBS_STILL_OPEN = "jobs-still-open"
    MADE_MEANWHILE = "made-meanwhile"
    NOT_AS_WRITTEN = "not-as-written"
    APPROVAL_OWN = "approval-own"
    APPROVAL_DECIDED = "approval-decided"
    APPROVAL_LAPSED = "approval-lapsed"
    NO_SECOND_ADMIN = "no-second-admin"


NOTHING = "-"
"""In place of a fact that is a list of what there is, where there is none."""


class Refusal(Exception):  # noqa: N818  "refusal" is the word that users and operators read
    """Something that a user asked for won't be done; `facts` fill the sentence's gaps."""

    def __init__(self, reason: Reason, **facts: str) -> None:
        super().__init__(f"{reason.value} {facts}" if facts else reason.value)
        self.reason = reason
        self.facts = facts
