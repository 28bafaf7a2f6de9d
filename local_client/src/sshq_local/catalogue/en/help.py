"""English: the help of each command: what it does, its arguments, examples."""

TEXTS = {
    "help.examples": "examples:",
    "help.help": "show this help",
    "help.debug": "when something fails, show Python's traceback",
    "help.json": "print JSON, for programs",
    "help.job": "the job, or one of its machines (see sshq-local ls)",
    "help.job-or-all": "the job, or one of its machines; without it: all",
    "help.connect": """\
Redeem a one-time ticket, write the job's machines into SSH's configuration and
open a shell on the first one. Afterwards plain ssh, scp, rsync, git, VS Code and
PyCharm work with the name that is shown, until the lease ends.

With a job's name instead of a ticket, the lease that this computer already holds
is taken up again. A ticket pasted twice gives the same lease, not an error.""",
    "help.connect.usage": "sshq-local connect <ticket | job> [options] [-- ssh arguments]",
    "help.connect.ticket": "the line that the bot showed you (<host>/<32 characters>), or a job "
    "that this computer holds a lease for",
    "help.connect.no-shell": "set everything up, open nothing",
    "help.connect.print": "print the ssh command, don't run it",
    "help.connect.json": "print the lease and the ssh command as JSON; opens nothing",
    "help.connect.ca-file": "trust the CAs in this PEM file, now and for this lease",
    "help.connect.accept-api": "let a ticket name an access API new to this computer",
    "help.connect.examples": """\
  sshq-local connect <ticket>                        a shell on the job's first machine
  sshq-local connect <ticket> -- -L 8888:localhost:8888
  sshq-local connect <ticket> -- nvidia-smi          one command instead of a shell
  sshq-local connect <ticket> --no-shell             afterwards: ssh, scp, rsync, VS Code …
  sshq-local connect sshq-alice-gpu-7f3k2m9q-1       a shell on the second machine
""",
    "help.ls": """\
List the leases that this computer holds, without asking anybody: the name to give
to ssh, the node's id, and how long the lease lasts.""",
    "help.ls.names": "print the names alone, a line each",
    "help.ls.examples": """\
  sshq-local ls
  sshq-local ls --json | jq -r '.leases[].nodes[].alias'
""",
    "help.status": """\
Ask the access API about each job that this computer holds a lease for: its state,
its deadline and its cost so far.""",
    "help.status.examples": """\
  sshq-local status
  sshq-local status sshq-alice-gpu-7f3k2m9q --json
""",
    "help.sessions": """\
Asks the access API which SSM sessions are open under the leases here, or ends one of them (its
lease stays: ssh may connect again).""",
    "help.sessions.end": "end this session",
    "help.sessions.examples": """\
  sshq-local sessions
  sshq-local sessions --end sshq-AccessApi-0a1b2c3d4e5f6a7b8
""",
    "help.exec": """\
Run one command on a machine. Its output and its exit code are this command's own.
One argument is a line for the remote shell; several are passed as they are.""",
    "help.exec.usage": "sshq-local exec <job> [--json] -- command [argument …]",
    "help.exec.json": "print exit_code, stdout and stderr as JSON",
    "help.exec.examples": """\
  sshq-local exec sshq-alice-gpu-7f3k2m9q -- nvidia-smi -L
  sshq-local exec sshq-alice-gpu-7f3k2m9q -- 'ls *.pt | wc -l'
  sshq-local exec sshq-alice-gpu-7f3k2m9q-1 -- python 'my script.py'
""",
    "help.cp": """\
Copy a file or a folder to or from a job, over several SSM sessions at once: one of
them carries about 0.6 MB/s of downloads, and several add up. Interrupted, the same
command goes on where it stopped. Each file is compared by SHA-256 before it takes
its name; a session that dies is replaced.""",
    "help.cp.usage": "sshq-local cp [options] <source> <target>      (one of them: job:path)",
    "help.cp.source": "a file or folder here, or job:path",
    "help.cp.target": "where to: job:path, or a path here",
    "help.cp.stripes": "how many sessions (default 4, at most 16)",
    "help.cp.r": "for scp's sake: folders are copied anyway",
    "help.cp.json": "print what was copied as JSON, and no progress",
    "help.cp.examples": """\
  sshq-local cp model.pt sshq-alice-gpu-7f3k2m9q:/tmp/
  sshq-local cp sshq-alice-gpu-7f3k2m9q:checkpoints .     a folder, from the home there
  sshq-local cp -n 8 data.tar sshq-alice-gpu-7f3k2m9q-1:/data/data.tar
""",
    "help.attach": """\
Carry stdin and stdout over an SSM session that was started elsewhere, from the JSON
that StartSession answers: for members with AWS keys of their own, and for scripts.
Without a command for resuming, a connection that is lost ends it.""",
    "help.attach.usage": "sshq-local attach --session <file | -> [options]",
    "help.attach.session": "the file with StartSession's answer; -: it comes first on stdin, "
    "and what follows it is for the session",
    "help.attach.resume": "run when the connection was lost, with the session's id behind it; "
    "it prints ResumeSession's answer",
    "help.attach.transport": "own: sshq-local's data channel (default); plugin: AWS's "
    "session-manager-plugin, which gets the answer in its environment",
    "help.attach.region": "for the plugin, where the StreamUrl doesn't say it",
    "help.attach.ca-file": "trust the CAs in this PEM file",
    "help.attach.examples": """\
  sshq-local attach --session answer.json
  sshq-local attach --session answer.json \\
    --resume 'aws ssm resume-session --output json --session-id'
  ssh -o ProxyCommand='sshq-local attach --session answer.json' root@node
""",
    "help.sync": """\
Send a folder to a machine, then watch it and send what changes, until Ctrl-C. By
rsync where both sides have it, else by sftp. Version control, virtual environments
and caches stay here. Changes made on the machine are not brought back.""",
    "help.sync.folder": "the folder here (default: this one)",
    "help.sync.target": "the folder there, relative to the login's home (default: its name here)",
    "help.sync.exclude": "leave out what fits this pattern, such as *.pt or data/*",
    "help.sync.delete": "what is deleted here meanwhile is deleted there too",
    "help.sync.once": "send once, don't watch",
    "help.sync.json": "print a line of JSON for each time that something was sent",
    "help.sync.examples": """\
  sshq-local sync sshq-alice-gpu-7f3k2m9q                        this folder, to the same name
  sshq-local sync sshq-alice-gpu-7f3k2m9q src /opt/ml/code --delete
  sshq-local sync sshq-alice-gpu-7f3k2m9q . work --once --exclude '*.pt'
""",
    "help.forward": """\
Make ports of a machine reachable on this computer, until Ctrl-C.

PORT is a port of the machine; it gets the same one here. If that is taken, the
next free one, and you are told. LOCAL:PORT names the one here. -L, -R and -D are
ssh's own, and have short forms too: -R 12345 lets the machine reach a debug server
that listens on port 12345 here; -D 1080 is a SOCKS proxy into the job.""",
    "help.forward.usage": "sshq-local forward <job> [[LOCAL:]PORT …] [-L SPEC] [-R SPEC] [-D SPEC]",
    "help.forward.port": "[LOCAL:]PORT, or all of [BIND:]LOCAL:HOST:PORT",
    "help.forward.L": "from here to there: PORT, LOCAL:PORT or [BIND:]LOCAL:HOST:PORT",
    "help.forward.R": "from there to here: PORT, REMOTE:PORT or [BIND:]REMOTE:HOST:PORT",
    "help.forward.D": "a SOCKS proxy here that leaves there: [BIND:]PORT",
    "help.forward.json": "print what stands as one line of JSON, then stay",
    "help.forward.examples": """\
  sshq-local forward sshq-alice-gpu-7f3k2m9q 8888            then http://localhost:8888
  sshq-local forward sshq-alice-gpu-7f3k2m9q 9000:8888 6006  two ports, one of them elsewhere
  sshq-local forward sshq-alice-gpu-7f3k2m9q -R 12345        PyCharm's debug server
  sshq-local forward sshq-alice-gpu-7f3k2m9q -D 1080         a proxy for a browser
""",
    "help.tunnel": """\
Put a machine's SSH server on localhost:11022, until Ctrl-C, under the alias
sagemaker-training that users of sagemaker-ssh-helper know. ssh knows the machine by
its own host key, so a second job there is no clash. ssh, scp and VS Code don't need
this: they take the job's own name. It is for tools that want a host and a port.""",
    "help.tunnel.port": "another port than 11022; the alias is sagemaker-training-PORT then",
    "help.tunnel.examples": """\
  sshq-local tunnel sshq-alice-gpu-7f3k2m9q            then ssh sagemaker-training
  sshq-local tunnel sshq-alice-gpu-7f3k2m9q --port 11023
""",
    "help.code": """\
Open VS Code on a machine, over its own extension Remote - SSH. Where VS Code or its
command isn't found, the steps to open it by hand are shown (exit code 4).""",
    "help.code.path": "a folder of the machine, from / on",
    "help.code.json": "print the command, the link and the steps as JSON",
    "help.code.examples": "  sshq-local code sshq-alice-gpu-7f3k2m9q /opt/ml/code\n",
    "help.cursor": """\
Open Cursor on a machine, over SSH. Where Cursor or its command isn't found, the
steps to open it by hand are shown (exit code 4).""",
    "help.cursor.examples": "  sshq-local cursor sshq-alice-gpu-7f3k2m9q /opt/ml/code\n",
    "help.pycharm": """\
Show how PyCharm or JetBrains Gateway connect to a machine. With --debug-server, let
code on the machine reach PyCharm's debug server here, until Ctrl-C.""",
    "help.pycharm.debug-server": "the debug server's port, 12345 if none is named",
    "help.pycharm.examples": """\
  sshq-local pycharm sshq-alice-gpu-7f3k2m9q
  sshq-local pycharm sshq-alice-gpu-7f3k2m9q --debug-server
""",
    "help.service.port": "its port on the machine (default: %(default)s)",
    "help.service.here": "the port here (default: the same, or the next free one)",
    "help.service.program": "the program on the machine (default: %(default)s)",
    "help.service.no-open": "forward it, open nothing",
    "help.jupyter": """\
Start Jupyter on a machine (unless it runs), forward it and open it in the browser.
It listens on the machine's loopback with a random token. Ctrl-C ends the forward;
Jupyter and its kernels go on, and the same command comes back to them.""",
    "help.jupyter.folder": "the folder that it shows (default: the login's home)",
    "help.jupyter.examples": """\
  sshq-local jupyter sshq-alice-gpu-7f3k2m9q --folder /opt/ml/code
  sshq-local jupyter sshq-alice-gpu-7f3k2m9q --program /opt/conda/bin/jupyter
""",
    "help.tensorboard": """\
Start TensorBoard on a machine (unless it runs), forward it and open it in the
browser. Ctrl-C ends the forward; TensorBoard goes on.""",
    "help.tensorboard.logdir": "where the event files are (default: the login's home)",
    "help.tensorboard.examples": """\
  sshq-local tensorboard sshq-alice-gpu-7f3k2m9q --logdir /opt/ml/output/tensorboard
""",
    "help.vnc": """\
Start a VNC server on a machine (unless one runs), forward it and open a viewer.
Ctrl-C ends the forward; the desktop and its windows go on.""",
    "help.vnc.examples": "  sshq-local vnc sshq-alice-gpu-7f3k2m9q\n",
    "help.logs": """\
Print what a job has printed, and with -f what it prints from now on. A job of
several machines has each line's machine before it.""",
    "help.logs.follow": "go on until the job ends, or Ctrl-C",
    "help.logs.tail": "how many of the last lines (default: %(default)s)",
    "help.logs.json": "print each line as JSON: at, node, text",
    "help.logs.examples": """\
  sshq-local logs sshq-alice-gpu-7f3k2m9q --tail 20
  sshq-local logs sshq-alice-gpu-7f3k2m9q -f
""",
    "help.extend": """\
Move a job's deadline, as /sshq extend does in Slack. The cap that policy and budget
set when the job was started stays: beyond it this is refused.""",
    "help.extend.usage": "sshq-local extend <job> (SPAN | --until TIME) [--json]",
    "help.extend.span": "how much longer than the deadline now: 2h, 90m, 1h30m, 1d; a bare number is hours",
    "help.extend.until": "when: 18:00, or an ISO time",
    "help.extend.examples": """\
  sshq-local extend sshq-alice-gpu-7f3k2m9q 2h
  sshq-local extend sshq-alice-gpu-7f3k2m9q --until 18:00
""",
    "help.stop": "Stop a job, as /sshq stop does in Slack. Its leases and connections end with it.",
    "help.stop.examples": "  sshq-local stop sshq-alice-gpu-7f3k2m9q\n",
    "help.disconnect": """\
Give a job's lease back: its connections end and its keys are deleted. Without a
job: all leases, and sshq's line in ~/.ssh/config. The jobs go on.""",
    "help.disconnect.examples": """\
  sshq-local disconnect sshq-alice-gpu-7f3k2m9q      this job's lease
  sshq-local disconnect                              all, and sshq's line in ~/.ssh/config
""",
    "help.clean": """\
Leave nothing of sshq on this computer: leases are given back, and keys, SSH
configuration, backups and the memory of known access APIs are deleted.
Only the program itself stays (pipx uninstall sshq-local). The jobs go on.""",
    "help.clean.examples": "  sshq-local clean\n",
    "help.doctor": """\
Find out what keeps you from a machine. One by one: ssh, the program that ssh starts,
its configuration, the order of Include lines, DNS, web proxy, CA, access API, clock,
lease, job, SSM agent, data channel, sshd, host key, certificate, and whether the
image's glibc is new enough for VS Code. The first one that fails is named, with what
mends it (exit code 1). In Slack, /sshq doctor looks from the other side.""",
    "help.doctor.job": "the job, or one of its machines; without it: the newest lease",
    "help.doctor.examples": """\
  sshq-local doctor
  sshq-local doctor sshq-alice-gpu-7f3k2m9q --json | jq -r .failing
""",
    "help.completion": """\
Print a completion script. Commands, options and the names of your machines are
completed; the names are asked for (sshq-local ls --names) when Tab is pressed.""",
    "help.completion.shell": "bash, zsh, fish or powershell",
    "help.completion.examples": """\
  sshq-local completion bash > ~/.local/share/bash-completion/completions/sshq-local
  sshq-local completion zsh > ~/.zfunc/_sshq-local        (fpath+=~/.zfunc, before compinit)
  sshq-local completion fish > ~/.config/fish/completions/sshq-local.fish
  sshq-local completion powershell >> $PROFILE
""",
    "help.version": "What runs here: sshq-local, Python, ssh.",
    "help.version.examples": "  sshq-local version --json\n",
}
