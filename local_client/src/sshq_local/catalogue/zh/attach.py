"""Chinese: what is said of sessions that were started elsewhere."""

TEXTS = {
    "attach.no-file": "无法读取 {path}：{why}。",
    "attach.no-file.next": "请给出存有 StartSession 返回内容的文件，或用 - 表示标准输入。",
    "attach.unreadable": "这不是 StartSession 返回的 JSON。",
    "attach.unreadable.next": "其中应有 SessionId、StreamUrl 和 TokenValue。",
    "attach.lacks": "StartSession 的返回内容缺少 {name}。",
    "attach.lacks.next": "请原样传入：SessionId、StreamUrl 和 TokenValue。",
    "attach.no-fresh-session": "节点的代理没有响应这个会话。请另启动一个。",
    "attach.no-resume": "连接已断开，而没有 --resume 命令可以恢复。",
    "attach.no-resume-program": "没有 --resume 所指的程序：{program}。",
    "attach.resume-too-slow": "--resume 命令超过一分钟",
    "attach.resume-failed": "--resume 命令以 {code} 结束：{said}",
    "attach.resume-unreadable": "--resume 命令输出的不是 ResumeSession 的返回内容。",
    "attach.no-plugin": "本机的 PATH 上没有 session-manager-plugin。",
    "attach.no-plugin.next": "请安装 AWS 的插件，或去掉 --transport。",
    "attach.old-plugin": "这个 session-manager-plugin 太旧：{version}。{wanted} 之前的版本要求把会话的"
    "令牌放在命令行参数里，谁都能看到。",
    "attach.old-plugin.next": "请安装更新的版本，或去掉 --transport。",
    "attach.no-region": "StreamUrl 没有写明区域。",
    "attach.no-region.next": "请给出：--region eu-west-1",
}
