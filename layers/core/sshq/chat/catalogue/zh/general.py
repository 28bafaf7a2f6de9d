"""Chinese (simplified): what belongs to no area: help, acknowledgements, errors."""

TEXTS: dict[str, str] = {
    "area.general": "通用",
    "area.jobs": "作业",
    "area.access": "登录",
    "area.members": "人员",
    "area.setup": "AWS 账户",
    "command.help": "sshq 能做什么，或某个命令的用法",
    "parameter.topic": "某个命令",
    "help.title": "sshq：在 Slack 里 SSH 登录 SageMaker",
    "help.more": "`/sshq help 命令` 查看某个命令的详情。",
    "help.admins-only": "仅管理员",
    "help.examples": "示例",
    "help.usage": "用法",
    "ack.queued": "正在处理：`/sshq {verb}` …",
    "dead-letter": "`/sshq {verb}` 多次尝试后仍未成功，不会再有结果。请重试；如再次发生，"
    "请把此编号交给管理员：{correlation}",
    "dead-letter.job": "`/sshq run` 多次尝试后仍未完成，但已为它建立作业 *{job}*，可能正在运行。"
    "请勿重复提交：`/sshq status {job}` 查看状态，`/sshq stop {job}` 结束它。"
    "给管理员的编号：{correlation}",
    "dead-letter.waits": "`/sshq run` 多次尝试后仍未完成，但您的请求正在排队等待 {pool}，轮到时会自动提交。"
    "请勿重复提交：`/sshq stop --mine` 让它离开队列，并结束您的所有作业。给管理员的编号：{correlation}",
    "refusal.unknown-command": "没有 `/sshq {command}` 这个命令。",
    "refusal.unknown-command.next": "`/sshq help` 列出所有命令。{near}",
    "refusal.unknown-command.near": "您是指 {near} 吗？",
    "refusal.none": "无",
    "refusal.usage": "无法理解：{problem}。",
    "refusal.usage.next": "用法：`{usage}`",
    "refusal.refused-by-aws": "AWS 拒绝了：{detail}",
    "refusal.refused-by-aws.next": "如果与您的请求无关，请交给管理员查看。",
    "refusal.too-many-requests": "请求过多。",
    "refusal.too-many-requests.next": "请等一分钟后重试。",
    "refusal.bad-request": "无法读取请求：{problem}",
    "refusal.bad-request.next": "请升级 sshq-local：{upgrade}",
    "refusal.internal": "这里出了问题，不是您的错。",
    "refusal.internal.next": "请重试。如再次发生，请把此编号交给管理员：{correlation}",
}
