"""Chinese: what a doctor finds."""

TEXTS: dict[str, str] = {
    "command.doctor": "找出无法进入作业的原因",
    "health.title": "`{job}` 的检查结果",
    "health.well": "从这里看一切正常。如果您的电脑仍无法进入，请在电脑上检查："
    "`sshq-local doctor {job}`",
    "health.not-well": "在您的电脑上可以看到更多：`sshq-local doctor {job}`",
    "health.job.ready": "作业已就绪。",
    "health.job.on-its-way": "作业尚未就绪，目前是 {phase}。",
    "health.job.on-its-way.next": "请等待：私信中的消息会显示进度。",
    "health.job.over": "作业已结束（{phase}），无法再进入。",
    "health.job.over.next": "用 `/sshq run` 启动新的作业。",
    "health.time.left": "还剩 {minutes} 分钟。",
    "health.time.soon-over": "只剩 {minutes} 分钟了。",
    "health.time.soon-over.next": "请保存需要的内容，或延长时间：`/sshq extend {job}`",
    "health.agent.connected": "{alias}：{node} 的 SSM agent 已连接。",
    "health.agent.lost": "{alias}：{node} 的 SSM agent 没有连接。",
    "health.agent.lost.next": "它会在几分钟内自行重连。否则说明容器没有网络或内存耗尽："
    "先 `/sshq stop`，再 `/sshq run`。",
    "health.sshd.answers": "{alias}：机器有应答，sshd 在运行。",
    "health.sshd.silent": "{alias}：机器已连接，但没有应答。",
    "health.sshd.silent.next": "它太忙，或内存、磁盘已满。等一分钟再看；"
    "否则先 `/sshq stop`，再 `/sshq run`。",
    "health.host-key.pinned": "{alias}：主机密钥与您电脑上固定的一致。",
    "health.host-key.changed": "{alias}：主机密钥与启动时记下的不同。",
    "health.host-key.changed.next": "不要连接。请告诉管理员，并停止该作业。",
}
