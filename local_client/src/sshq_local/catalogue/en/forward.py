"""English: port forwards."""

TEXTS = {
    "forward.taken": "Port {port} isn't free on this computer.",
    "forward.taken.next": "Another one is free: {offer}",
    "forward.none-free": "Port {port} isn't free on this computer, and none up to {last} is.",
    "forward.none-free.next": "Name a free one: LOCAL:PORT",
    "forward.bad-port": "In {text!r} a port is not a number from 1 to 65535.",
    "forward.bad-port.next": "See sshq-local forward --help",
    "forward.unreadable-L": "{text!r} is no forward from here to there.",
    "forward.unreadable-L.next": "Write PORT, LOCAL:PORT or [BIND:]LOCAL:HOST:PORT.",
    "forward.unreadable-R": "{text!r} is no forward from there to here.",
    "forward.unreadable-R.next": "Write PORT, REMOTE:PORT or [BIND:]REMOTE:HOST:PORT.",
    "forward.unreadable-D": "{text!r} is no place for a SOCKS proxy.",
    "forward.unreadable-D.next": "Write [BIND:]PORT.",
    "forward.nothing": "There is no port to forward.",
    "forward.nothing.next": "Name one: sshq-local forward <job> 8888",
    "forward.connecting": "Connecting to {alias}",
    "forward.asking": "Asking about {job}",
    "forward.failed": "The forward doesn't stand; ssh ended with {code}.",
    "forward.failed.next": "If a port is taken over there, name another one (-R OTHER:PORT). "
    "For the rest: sshq-local doctor <job>",
    "forward.until": "Ctrl-C ends it.",
    "forward.stands-L": "http://{listen} here leads to {goal} of {alias}.",
    "forward.stands-R": "{listen} of {alias} leads to {goal} here.",
    "forward.stands-D": "socks5://{listen} here leaves at {alias}.",
    "forward.instead": "(Port {wanted} isn't free here.)",
    "forward.tunnel": "localhost:{port} is the SSH server of {machine}: ssh {alias}",
}
