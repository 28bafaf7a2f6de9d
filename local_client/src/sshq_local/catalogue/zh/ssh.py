"""Chinese: the ssh on this computer."""

TEXTS = {
    "ssh.missing": "本机（的 PATH 上）没有 ssh。什么都没有做，票据也没有用掉。",
    "ssh.missing.next": "安装 OpenSSH 客户端后重试：apt install openssh-client、"
    "dnf install openssh-clients，Windows 上在“设置”的“可选功能”中添加 OpenSSH 客户端。",
    "ssh.too-old": "本机的 ssh 太旧：{version}。什么都没有做，票据也没有用掉。",
    "ssh.too-old.next": "安装 OpenSSH 7.3 或更新版本后重试。",
}
