"""`/sshq ca`: which keys the CA has, and whether its rotation can be finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat import views
from sshq.chat.catalogue import texts
from sshq.domain.authorisation import Who
from sshq.domain.ca_rotation import rotation
from sshq.domain.keys import shown_fingerprint
from sshq.use_cases.answering import answer
from sshq.use_cases.authorising import authorise

if TYPE_CHECKING:
    from sshq.chat.command import NoArguments
    from sshq.domain.queue_message import QueueMessage
    from sshq.ports import Services


def show(services: Services, message: QueueMessage, arguments: NoArguments) -> None:  # noqa: ARG001
    """The keys, who needs them, and the next step."""
    member = authorise(services, message.actor, Who.ADMIN, verb="ca")
    here = texts(member.language if member else services.settings.language)
    lines = zip(services.ca.key_ids, services.ca.public_keys(), strict=True)
    keys = {key_id: shown_fingerprint(line) for key_id, line in lines}
    found = rotation(services.settings.ssh_ca, keys, services.jobs.open_jobs())
    answer(services, message, views.ca(found, here))
