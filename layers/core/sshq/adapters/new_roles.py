"""A role that setup has just made: IAM tells AWS's services of it some seconds late, seldom a minute.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html ("eventually consistent")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from botocore.exceptions import ClientError

from sshq.adapters.aws_errors import code, message
from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from sshq.ports import Clock

Made = TypeVar("Made")
# Two such calls, one after the other, fit into the worker's minute, with time for all else.
PATIENCE_SECONDS = 20.0
PAUSE_SECONDS = 3.0
# SSM's CreateActivation and SageMaker's CreateTrainingJob have no error code of their own for it.
_SENTENCES = ("Nonexistent role", "Could not assume role")


def once_known(call: Callable[[], Made], *, role: str, clock: Clock) -> Made:
    """Make a call that passes `role` on, again until its service knows the role.

    Other errors are the caller's. Raises Refusal if the role isn't known in time: there may be none.
    """
    until = clock.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return call()
        except ClientError as error:
            if not _is_of_role(error):
                raise
            if clock.monotonic() >= until:
                raise Refusal(Reason.NOT_SET_UP, missing=role) from error
        clock.sleep(PAUSE_SECONDS)


def _is_of_role(error: ClientError) -> bool:
    said = message(error)
    return code(error) == "ValidationException" and any(each in said for each in _SENTENCES)
