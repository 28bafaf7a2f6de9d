"""Chinese (simplified): what a job's container tells of itself."""

TEXTS: dict[str, str] = {
    "job.record.probe.ok": "镜像：{system}（{arch}）；Python：{python}，GPU：{gpus}，"
    "包管理器：{package_manager}。",
    "job.record.sshd.ok": "SSH 服务器已就绪。",
    "job.record.sshd.image": "镜像自带的 SSH 服务器已就绪。",
    "job.record.sshd.installed": "已用镜像的包管理器安装 SSH 服务器。",
    "job.record.sshd.asyncssh": "镜像没有 SSH 服务器；已启用 sshq 自带的（Python 实现）。",
    "job.record.sshd.failed": "无法启用 SSH 服务器（{code}）。",
    "job.record.sshd.no_sshd": "镜像没有 SSH 服务器，也无法安装。请在镜像中加入 openssh-server，"
    "或 Python 3.10 及以上版本。",
    "job.record.sshd.no_sshd_and_not_root": "镜像没有 SSH 服务器，其用户也不是 root，无法安装。"
    "请在镜像中加入 openssh-server。",
    "job.record.sshd.python_too_old": "镜像的 Python 低于 3.10，sshq 自带的 SSH 服务器无法运行。"
    "请在镜像中加入 openssh-server。",
    "job.record.sshd.no_ssh_server_for_this_python": "sshq 没有适用于该镜像 Python 和处理器的 SSH 服务器。"
    "请在镜像中加入 openssh-server。",
    "job.record.sshd.no_login_user": "镜像中没有要用来登录 SSH 的用户。",
    "job.record.sshd.config_refused": "镜像的 SSH 服务器不接受 sshq 的设置；需要 OpenSSH 7.4 或更新版本。",
    "job.record.sshd.died": "SSH 服务器已退出，{again_in_seconds} 秒后重新启动。",
    "job.record.agent.ok": "SSM agent 已就绪。",
    "job.record.agent.image": "镜像自带的 SSM agent 已就绪。",
    "job.record.agent.mirrored": "`/sshq setup` 保存的 SSM agent 已就绪。",
    "job.record.agent.failed": "无法启用 SSM agent（{code}）。",
    "job.record.agent.no_agent": "镜像没有 SSM agent，此 sshq 也没有保存。请让管理员运行 `/sshq setup`。",
    "job.record.agent.agent_needs_root": "镜像的用户不是 root，而 SSM agent 需要 root。",
    "job.record.agent.agent_not_for_this_processor": "没有适用于此处理器的 SSM agent。",
    "job.record.agent.checksum_differs": "SSM agent 与 `/sshq setup` 检查过的不一致，因此没有运行。"
    "请让管理员调查。",
    "job.record.agent.no_tar": "镜像既没有 tar 也没有 Python，无法解包 SSM agent。",
    "job.record.agent.died": "SSM agent 已退出，{again_in_seconds} 秒后重新启动。",
    "job.record.register.ok": "节点已注册为 `{node_id}`。",
    "job.record.register.skipped": "节点没有注册。",
    "job.record.register.failed": "节点无法在 SSM 注册（{code}）。",
    "job.record.register.activation_refused": "SSM 拒绝了作业的激活：已过期，或节点已全部注册。",
    "job.record.ready.ok": "节点 `{node_id}` 可以连接，启动后用时 {seconds} 秒。",
    "job.record.ready.failed": "无法通过 SSH 进入此节点（{code}）。",
    "job.record.ready.run": "无法通过 SSH 进入此节点（{code}）。作业的命令照常运行。",
    "job.record.ready.fail": "无法通过 SSH 进入此节点（{code}），按 `--on-failure fail` 的要求作业失败。",
    "job.record.activity.ok": "最近一分钟：SSH 连接 {logins}，CPU {cpu} %，GPU {gpu} %，负载 {load}。",
    "job.record.watchdog.ok": "容器自行结束（{code}）。",
    "job.record.watchdog.deadline": "作业时间已到，容器自行结束。",
    "job.record.watchdog.idle": "{idle_seconds} 秒内没有任何活动，容器自行结束。",
    "job.record.command.ok": "命令：{code}。",
    "job.record.command.waiting": "命令等待启动，最多 {seconds} 秒：`/sshq start`，"
    "或在作业中运行 `sshq-wait stop`。",
    "job.record.command.started": "命令已开始运行。",
    "job.record.command.exited": "命令已结束，退出码 {exit_code}。",
    "job.record.command.failed": "命令：{code}。",
    "job.record.end.ok": "容器已结束（{code}）。",
    "job.record.end.failed": "容器已结束，退出码 {exit_code}（{code}）。",
    "job.record.end.stopped": "容器已被停止。",
    "job.record.end.deadline": "容器已结束：时间已到。",
    "job.record.end.idle": "容器已结束：无人使用。",
    "job.record.end.exited": "容器已结束，退出码与命令相同：{exit_code}。",
}
