"""Chinese (simplified): setup."""

TEXTS: dict[str, str] = {
    "command.setup": "准备此 AWS 账户：先列出每一项变更，再请您确认",
    "command.setup-apply": "执行已展示的计划",
    "command.setup-cancel": "放弃已展示的计划",
    "setup.title": "AWS 账户 {account}（{region}）的计划",
    "setup.counts": "新建 {create} 项 · 修改 {change} 项 · 已符合 {same} 项",
    "setup.create": "新建",
    "setup.change": "修改",
    "setup.costs": "高级套餐对整个账户和区域生效，每个连接的节点每小时约 0.00695 美元。"
    "没有它，SSM 不会向作业打开会话。",
    "setup.confirm": "确认",
    "setup.cancel": "取消",
    "setup.nothing": "AWS 账户 {account}（{region}）一切就绪。下一步：`/sshq add-user @某人`。",
    "setup.applying": "正在设置：已完成 {done} / {all} 项变更",
    "setup.done": "设置完成：{all} 项变更已执行并核对。下一步：`/sshq add-user @某人`。",
    "setup.failed": "设置停在“{change}”：{error}。此前完成的部分会保留。再次运行 `/sshq setup` "
    "即可继续。",
    "setup.moved": "该计划生成之后账户发生了变化，因此什么也没有做。以下是最新的计划。",
    "setup.cancelled": "计划已放弃，没有任何变更。",
    "setup.why.role-job": "作业运行时使用的角色",
    "setup.why.role-node": "作业中的 SSM agent 注册时使用的最小权限角色",
    "setup.why.policy-job": "作业可以做什么：自己的 S3 前缀、日志、镜像",
    "setup.why.group": "可以打开自己作业会话的 IAM 用户",
    "setup.why.tier": "只有高级套餐下 SSM 才会向作业打开会话",
    "setup.why.session-document": "让会话只能到达节点的 SSH 端口",
    "setup.why.command-document": "机器人可以要求节点执行的少数几个动作",
    "setup.why.bucket": "启动文件和源代码；私有、加密、仅限 TLS",
    "refusal.not-set-up": "此 AWS 账户尚未为 sshq 设置：{missing}。",
    "refusal.not-set-up.next": "需要管理员运行 `/sshq setup`。",
    "refusal.plan-expired": "该计划不是最新的。",
    "refusal.plan-expired.next": "运行 `/sshq setup` 获取最新计划。",
}
