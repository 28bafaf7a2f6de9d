"""Chinese (simplified): tickets, leases and sessions."""

TEXTS: dict[str, str] = {
    "command.connect": "为已就绪的作业领取新的一次性票据",
    "ticket.title": "`{job}` 已就绪。请在您电脑的终端中粘贴：",
    "ticket.note": "票据只能使用一次，十分钟内有效，且只有您能看到。之后在作业结束前都可以使用 "
    "`ssh {alias}`。还没有 sshq-local？`pipx install sshq-local`",
    "ticket.reused": "有人从 {source} 使用了 `{job}` 的一张已用过的票据。我已结束它打开的连接。"
    "如果是您在另一台电脑上操作：`/sshq connect {job}` 领取新票据。如果不是，请告诉管理员。",
    "refusal.ticket-unusable": "此票据无法使用。票据只能使用一次，十分钟内有效。",
    "refusal.ticket-unusable.next": "请领取新的：/sshq connect <作业>",
    "refusal.lease-ended": "此连接的租约已结束：作业已结束、被停止，或访问权限已收回。",
    "refusal.lease-ended.next": "在 Slack 中：/sshq list，然后 /sshq connect <作业>",
    "refusal.bad-signature": "请求不是由该租约的密钥签名的。",
    "refusal.bad-signature.next": "请使用新的票据：/sshq connect <作业>",
    "refusal.clock-skew": "此电脑的时钟与服务器相差 {seconds} 秒（{direction}）。",
    "refusal.clock-skew.next": "请校正时钟后重试。",
    "refusal.unknown-node": "`{job}` 没有节点 {rank}。",
    "refusal.unknown-node.next": "`sshq-local status` 列出节点。",
    "refusal.node-not-connected": "作业的 SSM agent 目前未连接。",
    "refusal.node-not-connected.next": "请一分钟后重试，它会自动重连。",
    "refusal.too-many-sessions": "此租约已有 {most} 个打开的会话。",
    "refusal.too-many-sessions.next": "关闭一个后重试。",
}
