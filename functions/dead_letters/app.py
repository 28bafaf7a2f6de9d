"""DeadLetters: what could not be worked off in several tries; its user is told."""

from __future__ import annotations

from sshq.adapters.sqs_worker import handler_for
from sshq.use_cases.dead_letter import tell

lambda_handler = handler_for(tell)
