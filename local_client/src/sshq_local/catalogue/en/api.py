"""English: the way to the access API."""

_CLOCK = "Set the clock (let it set itself from the network) and try again."

TEXTS = {
    "api.untrusted": "{why}",
    "api.untrusted.next": "Where your company inspects TLS, or for a sandbox, name its CA: "
    "--ca-file FILE",
    "api.not-ours": "This isn't an answer of sshq's access API: {what}.",
    "api.not-ours.next": "Check the ticket's host, and whether a web proxy or a login page stands "
    "in between.",
    "api.clock-ahead": "This computer's clock is {minutes} minutes ahead: "
    "the access API takes requests that are at most 5 minutes off.",
    "api.clock-ahead.next": _CLOCK,
    "api.clock-behind": "This computer's clock is {minutes} minutes behind: "
    "the access API takes requests that are at most 5 minutes off.",
    "api.clock-behind.next": _CLOCK,
    "api.unreachable": "The access API at {host} can't be reached: {why}.",
    "api.unreachable.next": "Check the network (and the VPN or web proxy) and try again: "
    "nothing is lost.",
    "api.bad-id": "The access API gave an id that can't be one: {id}",
    "api.bad-id.next": "Check that sshq-local and your team's sshq are of the same version: "
    "sshq-local version",
}
