"""English: editors and services."""

TEXTS = {
    "tools.opened": "{title} opens on {alias}.",
    "tools.missing": "{title} isn't on this computer, or its command {program} isn't.",
    "tools.did-not-open": "{title} didn't open ({program} failed).",
    "tools.editor-steps": """\
Either of these opens it:
  · In {title} press F1, choose "Shell Command: Install '{program}' command in PATH",
    and run this again.
  · With the extension Remote - SSH in {title}: press F1, choose
    "Remote-SSH: Connect to Host…", then {alias}, then open the folder {path}
  · Open this link: {link}""",
    "tools.other-config": "SSH's configuration is in {path}: name that file in the editor's setting "
    "remote.SSH.configFile.",
    "tools.not-absolute": "{path} is no folder of the machine: it must begin with /.",
    "tools.not-absolute.next": "For example: sshq-local code <job> /opt/ml/code",
    "tools.bad-path": "The path {path} has characters in it that Windows's command files take for "
    "their own.",
    "tools.bad-path.next": "Open the editor without a path, and the folder from its menu.",
    "tools.pycharm-steps": """\
1. Load the key and its certificate into your ssh-agent (it forgets them with the lease):
     {add_key}
2. In PyCharm or JetBrains Gateway: Remote Development, SSH, New Connection:
     host {alias} · user {user}
     authentication: OpenSSH config and authentication agent
3. As an interpreter instead: Settings, Python Interpreter, Add, On SSH, the same host.
   A tool that wants a host and a port gets them from: sshq-local tunnel {alias}
For PyCharm's debug server: sshq-local pycharm {alias} --debug-server 12345""",
    "tools.debug-server": """\
Port {port} of the machine leads to port {here} here. Start PyCharm's debug server on port {here}
(Run, Edit Configurations, Python Debug Server), and in your code on the machine:
  import pydevd_pycharm
  pydevd_pycharm.settrace("localhost", port={port}, suspend=True)""",
    "tools.starting": "Starting {title} on {alias}, unless it runs",
    "tools.waiting": "Waiting until {title} answers",
    "tools.stands": "{title} of {alias}: {url}",
    "tools.open-yourself": "To open it: {page}",
    "tools.until": "Ctrl-C ends the forward; {title} itself goes on on the machine.",
    "tools.not-there": "There is no {program} on {alias}.",
    "tools.not-there.next": "Install it there: {install}   (or name it: --program PATH)",
    "tools.no-folder": "There is no folder {folder} on {alias}.",
    "tools.no-folder.next": "Name one that is there; it may be relative to the login's home.",
    "tools.not-started": "{title} couldn't be started on {alias}: {why}",
    "tools.not-started.next": "Look what is wrong: sshq-local doctor {alias}",
    "tools.no-answer": "{title} was started, but doesn't answer.",
    "tools.no-answer.next": "Its log tells why: {log}",
}
