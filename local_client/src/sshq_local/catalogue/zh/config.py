"""Chinese: SSH's configuration files."""

TEXTS = {
    "config.bad-path": "路径 {path} 中有 SSH 配置无法表示的字符。",
    "config.bad-path.next": "把 SSHQ_DATA_HOME 设为名字更简单的文件夹后重试。",
    "config.locked": "无法修改 {path}：{why}。",
    "config.locked.next": "请自己把这一行放在它的第一行：{line}",
    "config.kept-being-written": "另一个程序一直在写它",
}
