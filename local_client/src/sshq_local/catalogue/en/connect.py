"""English: connecting."""

TEXTS = {
    "connect.held": "Taking up the lease for {job} that this computer holds.",
    "connect.redeeming": "Redeeming the ticket",
    "connect.writing": "Writing SSH's configuration",
    "connect.yours": "{names}: yours until {until}. Try also: scp FILE {alias}:  ·  "
    "sshq-local code {alias}",
    "connect.ask-doctor": "What is wrong? sshq-local doctor {job}",
    "connect.sandbox": "The access API is on this computer: {host} (a sandbox).",
    "connect.first-use": "First use of the access API {host}: remembered.",
    "connect.unknown-api": "The ticket names the access API {host}, which this computer has never "
    "used. It knows: {known}. A ticket from a stranger could lead you to the stranger's machine.",
    "connect.unknown-api.next": "If your team really has a second sshq there, say so: "
    "sshq-local connect --accept-api <ticket>",
    "connect.no-ca-file": "There is no CA file {file}. The ticket wasn't used.",
    "connect.no-ca-file.next": "Name a PEM file with --ca-file and paste the line again.",
}
