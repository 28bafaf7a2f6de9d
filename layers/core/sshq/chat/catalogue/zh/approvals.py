"""Chinese (simplified): requests that wait for a second person."""

TEXTS: dict[str, str] = {
    "command.approve": "批准一个等待第二位管理员的请求",
    "command.decline": "拒绝一个等待第二位管理员的请求",
    "approval.asked": "<@{user}> 请求：{what}。",
    "approval.waits": "此操作正在等待第二位管理员：{what}。",
    "approval.until": "若无人决定，将于 {until} 失效。",
    "approval.approve": "批准",
    "approval.decline": "拒绝",
    "approval.approved": "<@{by}> 批准了 <@{user}> 的请求：{what}。",
    "approval.declined": "<@{by}> 拒绝了 <@{user}> 的请求：{what}。没有任何变更。",
    "approval.lapsed": "<@{user}> 的请求（{what}）无人及时决定，没有任何变更。",
    "approval.why.second-admin": "此堆栈要求两位管理员共同确认。",
    "refusal.approval-own": "这是您自己提出的请求。",
    "refusal.approval-own.next": "需要另一位管理员点击按钮。",
    "refusal.approval-decided": "此请求已有决定。",
    "refusal.approval-decided.next": "无需再做什么。",
    "refusal.approval-lapsed": "此请求已失效，没有产生任何结果。",
    "refusal.approval-lapsed.next": "如仍需要，请重新提出。",
    "refusal.no-second-admin": "此操作需要第二位管理员，而此工作区没有其他管理员。",
    "refusal.no-second-admin.next": "在堆栈参数 `Admins` 中加入第二个人，或将 `SecondAdmin` 设为 `no`。",
}
