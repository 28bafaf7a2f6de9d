"""English: what is no ticket."""

_NEXT = "Copy the whole line that the bot showed you, or ask for a new one: /sshq connect <job>"

TEXTS = {
    "ticket.none": "This isn't a ticket, nor a job that this computer holds a lease for. "
    "A ticket is <host>/<32 letters and digits>.",
    "ticket.none.next": _NEXT,
    "ticket.bad-host": "The ticket's host is not a valid one: {host}.",
    "ticket.bad-host.next": _NEXT,
    "ticket.bad-length": "The ticket's code has {length} characters instead of {wanted}: "
    "a part of it is missing, or there is too much.",
    "ticket.bad-length.next": _NEXT,
    "ticket.bad-character": "The ticket's code has a character in it that tickets never have.",
    "ticket.bad-character.next": _NEXT,
}
