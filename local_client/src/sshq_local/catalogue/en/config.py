"""English: SSH's configuration files."""

TEXTS = {
    "config.bad-path": "The path {path} has characters in it that SSH's configuration can't carry.",
    "config.bad-path.next": "Set SSHQ_DATA_HOME to a folder with a plainer name and try again.",
    "config.locked": "{path} can't be changed: {why}.",
    "config.locked.next": "Make this its first line yourself: {line}",
    "config.kept-being-written": "another program keeps writing it",
}
