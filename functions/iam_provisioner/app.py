"""IamProvisioner: works off provisioning.fifo. The only function that may touch IAM."""

from __future__ import annotations

from sshq.adapters.sqs_worker import handler_for
from sshq.use_cases.dispatch import provisioning

lambda_handler = handler_for(provisioning)
