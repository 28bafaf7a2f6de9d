"""Chinese (simplified): sharing a job."""

TEXTS: dict[str, str] = {
    "command.share": "让另一位成员进入您的作业",
    "command.unshare": "收回共享，对方连接立即断开",
    "parameter.for_": "时长，例如 2h；不写则直到作业结束",
    "share.done": "<@{user}> 可进入 `{job}`，直到作业结束。",
    "share.done-until": "<@{user}> 可进入 `{job}`，直到 {until}。",
    "share.yours": "<@{owner}> 允许您进入 `{job}`，直到作业结束。您会得到自己的票据。",
    "share.yours-until": "<@{owner}> 允许您进入 `{job}`，直到 {until}。您会得到自己的票据。",
    "unshare.done": "<@{user}> 不能再进入 `{job}`，其连接已断开。",
    "refusal.not-shared": "`{job}` 没有与 <@{user}> 共享。",
    "refusal.not-shared.next": "没有任何变更。",
    "refusal.shared-with-oneself": "这个作业本来就是您的。",
    "refusal.shared-with-oneself.next": "请选择另一位成员。",
}
