"""English: what is said of sessions that were started elsewhere."""

TEXTS = {
    "attach.no-file": "Can't read {path}: {why}.",
    "attach.no-file.next": "Name the file with StartSession's answer, or - for stdin.",
    "attach.unreadable": "That is not the JSON that StartSession answers.",
    "attach.unreadable.next": "It has SessionId, StreamUrl and TokenValue.",
    "attach.lacks": "StartSession's answer lacks {name}.",
    "attach.lacks.next": "Pass it as it came: SessionId, StreamUrl and TokenValue.",
    "attach.no-fresh-session": "The node's agent didn't answer this session. Start another one.",
    "attach.no-resume": "The connection was lost, and there is no --resume command to go on with.",
    "attach.no-resume-program": "There is no such program for --resume: {program}.",
    "attach.resume-too-slow": "the --resume command took more than a minute",
    "attach.resume-failed": "the --resume command ended with {code}: {said}",
    "attach.resume-unreadable": "The --resume command didn't print what ResumeSession answers.",
    "attach.no-plugin": "There is no session-manager-plugin on this computer (on its PATH).",
    "attach.no-plugin.next": "Install AWS's plugin, or leave --transport out.",
    "attach.old-plugin": "This session-manager-plugin is too old: {version}. Before {wanted} it "
    "wants the session's token in its arguments, where everybody sees it.",
    "attach.old-plugin.next": "Install a newer one, or leave --transport out.",
    "attach.no-region": "The StreamUrl doesn't say which region it is in.",
    "attach.no-region.next": "Name it: --region eu-west-1",
}
