"""English: the ssh on this computer."""

TEXTS = {
    "ssh.missing": "There is no ssh on this computer (on its PATH). Nothing was done or used up.",
    "ssh.missing.next": "Install OpenSSH's client and try again: apt install openssh-client, "
    "dnf install openssh-clients, or on Windows, in Settings: Optional features, OpenSSH Client.",
    "ssh.too-old": "The ssh on this computer is too old: {version}. Nothing was done or used up.",
    "ssh.too-old.next": "Install OpenSSH 7.3 or newer and try again.",
}
