"""What the quick-start script leaves in an account: its role, its policies, its group."""

from __future__ import annotations

from typing import Any

from tests.core_services import SETTINGS

_NAMES = SETTINGS.names
_BY_SCRIPT = [
    _NAMES.full_access_arn,
    _NAMES.policy_arn("SSHSageMakerClientPolicy"),
    _NAMES.policy_arn("SSHSageMakerServerPolicy"),
    _NAMES.policy_arn(_NAMES.job_policy),
]
# The stack's own client policy stands under another name there; see template.yaml.
SPECS: dict[str, dict[str, Any]] = {
    f"role:{_NAMES.job_role}": {
        "trust": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sagemaker.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                },
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "ssm.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                },
            ],
        },
        "boundary": "",
        "attached": sorted(_BY_SCRIPT),
        "inline": {},
    },
    f"group:{_NAMES.group}": {"attached": sorted({*_BY_SCRIPT[:2], _BY_SCRIPT[3]}), "inline": {}},
    "setting:/ssm/managed-instance/activation-tier": {"value": "advanced"},
}
