"""Messages as Block Kit: builders only. Slack's limits are checked by slack_sdk's own models."""

from sshq.chat.views.approvals import approval_asked, approval_settled, approval_waits
from sshq.chat.views.help import help_text
from sshq.chat.views.jobs import job_list, stopping, stopping_all, submitted, ticket, ticket_reused
from sshq.chat.views.living import job, log, status
from sshq.chat.views.notices import dead_letter, notice, refusal
from sshq.chat.views.setup import applying, plan, setup_done, setup_failed

__all__ = [
    "applying",
    "approval_asked",
    "approval_settled",
    "approval_waits",
    "dead_letter",
    "help_text",
    "job",
    "job_list",
    "log",
    "notice",
    "plan",
    "refusal",
    "setup_done",
    "setup_failed",
    "status",
    "stopping",
    "stopping_all",
    "submitted",
    "ticket",
    "ticket_reused",
]
