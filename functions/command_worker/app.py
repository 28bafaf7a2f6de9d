"""CommandWorker: works off commands.fifo, one request at a time for each user."""

from __future__ import annotations

from sshq.adapters.redelivery import bring_back
from sshq.adapters.sqs_worker import handler_for
from sshq.use_cases.dispatch import commands

lambda_handler = handler_for(commands, after_failure=bring_back)
