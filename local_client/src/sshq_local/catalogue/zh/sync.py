"""Chinese: keeping a folder there like the one here."""

TEXTS = {
    "sync.no-folder": "这里没有文件夹 {folder}。",
    "sync.no-folder.next": "请指定一个：sshq-local sync <作业> FOLDER",
    "sync.preparing": "查看 {alias} 上的文件夹",
    "sync.no-target": "无法使用 {alias} 上的文件夹 {target}：{why}。",
    "sync.no-target.next": "换一个文件夹，或查看问题所在：sshq-local doctor {alias}",
    "sync.watching": "{folder} 中的变化会送到 {alias}:{target}（通过 {how}）。按 Ctrl-C 结束。",
    "sync.failed": "没有全部送达：{why}",
    "sync.failed.next": "如果再次发生：sshq-local doctor <作业>",
    "sync.again": "{what}（{seconds} 秒后重试。）",
    "sync.sent": "{at}  {names}  （{count} 个文件，{kilobytes} kB，{seconds} 秒）",
}
