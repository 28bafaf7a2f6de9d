"""Chinese (simplified): members and admins."""

TEXTS: dict[str, str] = {
    "command.add-user": "把本工作区的一位成员加入 sshq",
    "command.whoami": "您在 sshq 中的身份",
    "parameter.user": "从 Slack 列表中选取的人",
    "add-user.done": "<@{user}> 现在是成员了。",
    "add-user.again": "<@{user}> 已经是成员，没有任何变更。",
    "add-user.welcome": "<@{admin}> 把您加入了 sshq。输入 `/sshq run` 获得自己的机器，"
    "`/sshq help` 查看其余命令。在您的电脑上：`pipx install sshq-local`。",
    "whoami.admin": "您是 <@{user}>，此 sshq 的管理员。下一步：`/sshq setup` 或 `/sshq add-user @某人`。",
    "whoami.member": "您是 <@{user}>，成员。下一步：`/sshq run`。",
    "whoami.stranger": "您是 <@{user}>，还不是成员。请管理员输入 `/sshq add-user` 并选择您。",
    "refusal.not-a-member": "您不是本工作区 sshq 的成员。",
    "refusal.not-a-member.next": "请管理员输入 `/sshq add-user` 并选择您。",
    "refusal.not-an-admin": "只有此 sshq 的管理员可以这样做。",
    "refusal.not-an-admin.next": "管理员由堆栈参数 `Admins` 指定。",
    "refusal.not-a-person": "<@{user}> 是访客、机器人、外部公司成员，或已停用。",
    "refusal.not-a-person.next": "只有本 Slack 工作区的正式成员可以使用 sshq。",
    "refusal.unknown-user": "Slack 在本工作区找不到用户 `{user}`。",
    "refusal.unknown-user.next": "输入 @ 并从 Slack 的列表中选择。",
}
