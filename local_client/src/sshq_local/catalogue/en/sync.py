"""English: keeping a folder there like the one here."""

TEXTS = {
    "sync.no-folder": "There is no folder {folder} here.",
    "sync.no-folder.next": "Name one: sshq-local sync <job> FOLDER",
    "sync.preparing": "Looking at the folder on {alias}",
    "sync.no-target": "The folder {target} on {alias} can't be used: {why}.",
    "sync.no-target.next": "Name another one, or look what is wrong: sshq-local doctor {alias}",
    "sync.watching": "What changes in {folder} goes to {alias}:{target} (by {how}). Ctrl-C ends it.",
    "sync.failed": "Not everything was sent: {why}",
    "sync.failed.next": "If it happens again: sshq-local doctor <job>",
    "sync.again": "{what} (I try again in {seconds} s.)",
    "sync.sent": "{at}  {names}  ({count} {count:file|files}, {kilobytes} kB, {seconds} s)",
}
