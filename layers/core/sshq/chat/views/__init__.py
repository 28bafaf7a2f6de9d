"""Messages as Block Kit: builders only. Slack's limits are checked by slack_sdk's own models."""

from sshq.chat.views.access import ca, session_list, ticket_reused, too_many_nodes
from sshq.chat.views.approvals import approval_asked, approval_settled, approval_waits
from sshq.chat.views.asking import cost, preset_saved, presets, submitted, waiting
from sshq.chat.views.audit import audit_trail, audit_verified
from sshq.chat.views.costs import bill, team_bill
from sshq.chat.views.health import health
from sshq.chat.views.help import help_text
from sshq.chat.views.jobs import job_list, stopping, stopping_all, ticket
from sshq.chat.views.living import idle_warning, job, log, status
from sshq.chat.views.members import (
    joined,
    member_card,
    member_list,
    parted,
    people_picker,
    removal_plan,
    shared_with_you,
)
from sshq.chat.views.notices import dead_letter, notice, refusal
from sshq.chat.views.setup import (
    applying,
    drift,
    export,
    plan,
    plan_lines,
    setup_done,
    setup_failed,
    setup_unverified,
    setup_waits,
)

__all__ = [
    "applying",
    "approval_asked",
    "approval_settled",
    "approval_waits",
    "audit_trail",
    "audit_verified",
    "bill",
    "ca",
    "cost",
    "dead_letter",
    "drift",
    "export",
    "health",
    "help_text",
    "idle_warning",
    "job",
    "job_list",
    "joined",
    "log",
    "member_card",
    "member_list",
    "notice",
    "parted",
    "people_picker",
    "plan",
    "plan_lines",
    "preset_saved",
    "presets",
    "refusal",
    "removal_plan",
    "session_list",
    "setup_done",
    "setup_failed",
    "setup_unverified",
    "setup_waits",
    "shared_with_you",
    "status",
    "stopping",
    "stopping_all",
    "submitted",
    "team_bill",
    "ticket",
    "ticket_reused",
    "too_many_nodes",
    "waiting",
]
