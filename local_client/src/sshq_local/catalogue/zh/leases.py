"""Chinese: what is said of held leases and their jobs."""

TEXTS = {
    "leases.none": "没有租约。请在 Slack 中索取票据：/sshq connect <作业>",
    "leases.none-held": "本机没有租约。",
    "leases.left": "剩余 {hours} 小时 {minutes} 分",
    "leases.job_state": "状态",
    "leases.deadline": "截止时间",
    "leases.expires_at": "租约至",
    "leases.cost_so_far": "至今费用",
    "leases.last-failure": "最近一次失败",
    "leases.stopping": "正在停止 {job}",
    "leases.given-back": "{job}：已归还。",
    "leases.gone-here": "{job}：已从本机移除。{why} 租约会自行结束。",
    "leases.clean": "{folder} 中已没有 sshq 的任何东西。",
    "leases.left-over": "{folder} 中只剩下不属于 sshq 的东西。",
    "leases.session": "自 {since}",
    "leases.no-sessions": "没有打开的连接。",
    "leases.session-ended": "{job}：{session} 已结束。",
    "leases.no-such-session": "本机的租约没有打开的会话 {session}。",
    "leases.no-such-session.next": "sshq-local sessions 列出打开的会话。",
    "leases.no-command": "没有要运行的命令。",
    "leases.no-command.next": "写在两个短横之后：sshq-local exec <作业> -- nvidia-smi",
}
