"""English, by area. A key stands in one area only (a test holds it to that)."""

from sshq.chat.catalogue.en import (
    access,
    approvals,
    asking,
    audit,
    container,
    general,
    health,
    jobs,
    members,
    setup,
    sharing,
    usage,
    watch,
)

AREAS = (
    general,
    setup,
    members,
    asking,
    jobs,
    watch,
    access,
    approvals,
    container,
    sharing,
    audit,
    health,
    usage,
)
TEXTS: dict[str, str] = {key: text for area in AREAS for key, text in area.TEXTS.items()}
