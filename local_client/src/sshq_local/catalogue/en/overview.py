"""English: the overview, exit codes, and what is said of any command line."""

TEXTS = {
    "overview.head": """\
usage: sshq-local <command> [--help] …

From a one-time ticket to SSH on a SageMaker job, with no AWS keys here.
Start with the line that the bot shows you: sshq-local connect <ticket>

commands:""",
    "overview.connect": "redeem a ticket and open a shell",
    "overview.ls": "list the leases that this computer holds",
    "overview.status": "a job's state, deadline and cost",
    "overview.sessions": "open connections of the leases here; end one",
    "overview.exec": "run one command on a machine",
    "overview.cp": "copy files over several sessions at once",
    "overview.attach": "speak over an SSM session that was started elsewhere",
    "overview.sync": "watch a folder, and send what changes to a machine",
    "overview.forward": "make a machine's ports reachable here, or this computer's there",
    "overview.tunnel": "a machine's SSH server on localhost:11022, as sagemaker-training",
    "overview.code": "open VS Code on a machine",
    "overview.cursor": "open Cursor on a machine",
    "overview.pycharm": "PyCharm: what to set where, and its debug server",
    "overview.jupyter": "Jupyter on a machine, in the browser here",
    "overview.tensorboard": "TensorBoard on a machine, in the browser here",
    "overview.vnc": "a machine's desktop",
    "overview.logs": "what a job prints",
    "overview.extend": "move a job's deadline",
    "overview.stop": "stop a job",
    "overview.disconnect": "give leases back, and take sshq out of SSH's configuration",
    "overview.clean": "leave nothing of sshq on this computer",
    "overview.doctor": "find out what keeps you from a machine, and what mends it",
    "overview.completion": "completion for bash, zsh, fish or PowerShell",
    "overview.version": "versions of sshq-local, Python and ssh",
    "overview.exit-codes": """\
exit codes:
  0 done · 1 refused (the sentence says why) · 2 wrong usage or not a ticket ·
  3 the access API can't be reached · 4 ssh (or the tool asked for) is missing ·
  70 a fault of sshq-local's own · 255 ssh's connection failed ·
  any other: the remote command's own
""",
    "overview.environment": """
environment:
  SSHQ_DATA_HOME   where leases are kept     SSHQ_SSH_CONFIG  instead of ~/.ssh/config
  SSHQ_LANG        en or zh                  HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE
""",
    "overview.usage": "usage: ",
    "overview.arguments": "arguments",
    "overview.options": "options",
    "overview.see-help": "{command} --help",
    "overview.required": "missing: {what}",
    "overview.unrecognized": "not understood: {what}",
    "overview.no-value": "{what} wants a value",
    "overview.bad-value": "{what} can't be {value}",
    "overview.nothing-after-dashes": "nothing may follow -- here",
    "overview.no-such-command": "There is no command {word!r}.",
    "overview.did-you-mean": "There is no command {word!r}; did you mean {near}?",
    "overview.stage-failed": "failed",
    "overview.system": "This computer refused: {why}",
    "overview.bug": "Something went wrong in sshq-local itself ({kind}); it is not your fault.",
    "overview.bug.next": "Run it again with --debug and show your admin what it prints.",
}
