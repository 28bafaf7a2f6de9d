"""English: what a job's container tells of itself (docs/container.md lists the records)."""

TEXTS: dict[str, str] = {
    "job.record.probe.ok": "The image is {system} on {arch}; Python: {python}, GPUs: {gpus}, "
    "package manager: {package_manager}.",
    "job.record.sshd.ok": "The SSH server is set up.",
    "job.record.sshd.image": "The image's own SSH server is set up.",
    "job.record.sshd.installed": "An SSH server was installed by the image's package manager.",
    "job.record.sshd.asyncssh": "The image has no SSH server; sshq's own, in Python, is set up.",
    "job.record.sshd.failed": "The SSH server can't be set up ({code}).",
    "job.record.sshd.no_sshd": "The image has no SSH server, and none could be installed. Add "
    "openssh-server to the image, or Python 3.10 or newer.",
    "job.record.sshd.no_sshd_and_not_root": "The image has no SSH server, and its user isn't root, "
    "so none can be installed. Add openssh-server to the image.",
    "job.record.sshd.python_too_old": "The image's Python is older than 3.10, which sshq's own SSH server "
    "needs. Add openssh-server to the image.",
    "job.record.sshd.no_ssh_server_for_this_python": "sshq has no SSH server for the image's Python "
    "on this processor. Add openssh-server to the image.",
    "job.record.sshd.no_login_user": "The image has no such user as SSH is to log in as.",
    "job.record.sshd.config_refused": "The image's SSH server doesn't take sshq's settings; "
    "OpenSSH 7.4 or newer does.",
    "job.record.sshd.died": "The SSH server ended and is started again in {again_in_seconds} s.",
    "job.record.agent.ok": "The SSM agent is set up.",
    "job.record.agent.image": "The image's own SSM agent is set up.",
    "job.record.agent.mirrored": "The SSM agent that `/sshq setup` keeps is set up.",
    "job.record.agent.failed": "The SSM agent can't be set up ({code}).",
    "job.record.agent.no_agent": "The image has no SSM agent, and this sshq keeps none. "
    "Ask an admin to run `/sshq setup`.",
    "job.record.agent.agent_needs_root": "The image's user isn't root, and the SSM agent needs it.",
    "job.record.agent.agent_not_for_this_processor": "There is no SSM agent for this processor.",
    "job.record.agent.checksum_differs": "The SSM agent isn't the one that `/sshq setup` checked, "
    "so it was not run. Ask an admin to look into it.",
    "job.record.agent.no_tar": "The image can't unpack the SSM agent: it has neither tar nor Python.",
    "job.record.agent.died": "The SSM agent ended and is started again in {again_in_seconds} s.",
    "job.record.register.ok": "The node is registered as `{node_id}`.",
    "job.record.register.skipped": "The node was not registered.",
    "job.record.register.failed": "The node can't be registered with SSM ({code}).",
    "job.record.register.activation_refused": "SSM refused the job's activation: it has expired, or "
    "all of its nodes are registered.",
    "job.record.ready.ok": "Node `{node_id}` takes connections, {seconds} s after its start.",
    "job.record.ready.failed": "This node can't be entered over SSH ({code}).",
    "job.record.ready.run": "This node can't be entered over SSH ({code}). The job's command runs "
    "all the same.",
    "job.record.ready.fail": "This node can't be entered over SSH ({code}), so the job fails, as "
    "`--on-failure fail` asks.",
    "job.record.activity.ok": "In the last minute: SSH connections {logins}, CPU {cpu} %, "
    "GPU {gpu} %, load {load}.",
    "job.record.watchdog.ok": "The container ends itself ({code}).",
    "job.record.watchdog.deadline": "The job's time is up; the container ends itself.",
    "job.record.watchdog.idle": "Nothing happened for {idle_seconds} s; the container ends itself.",
    "job.record.command.ok": "The command: {code}.",
    "job.record.command.waiting": "The command waits to be started, {seconds} s at most: "
    "`/sshq start`, or `sshq-wait stop` in the job.",
    "job.record.command.started": "The command has started.",
    "job.record.command.exited": "The command has ended with exit code {exit_code}.",
    "job.record.command.failed": "The command: {code}.",
    "job.record.end.ok": "The container has ended ({code}).",
    "job.record.end.failed": "The container has ended with exit code {exit_code} ({code}).",
    "job.record.end.stopped": "The container was stopped.",
    "job.record.end.deadline": "The container has ended: its time was up.",
    "job.record.end.idle": "The container has ended: nobody used it.",
    "job.record.end.exited": "The container has ended with its command's exit code, {exit_code}.",
}
