"""Chinese: port forwards."""

TEXTS = {
    "forward.taken": "本机的端口 {port} 不可用。",
    "forward.taken.next": "另一个是空闲的：{offer}",
    "forward.none-free": "本机的端口 {port} 不可用，直到 {last} 都没有空闲的。",
    "forward.none-free.next": "请指定一个空闲的：LOCAL:PORT",
    "forward.bad-port": "{text!r} 中的端口不是 1 到 65535 的数字。",
    "forward.bad-port.next": "见 sshq-local forward --help",
    "forward.unreadable-L": "{text!r} 不是从本机到那边的转发。",
    "forward.unreadable-L.next": "写成 PORT、LOCAL:PORT 或 [BIND:]LOCAL:HOST:PORT。",
    "forward.unreadable-R": "{text!r} 不是从那边到本机的转发。",
    "forward.unreadable-R.next": "写成 PORT、REMOTE:PORT 或 [BIND:]REMOTE:HOST:PORT。",
    "forward.unreadable-D": "{text!r} 不是 SOCKS 代理的位置。",
    "forward.unreadable-D.next": "写成 [BIND:]PORT。",
    "forward.nothing": "没有要转发的端口。",
    "forward.nothing.next": "请指定一个：sshq-local forward <作业> 8888",
    "forward.connecting": "连接 {alias}",
    "forward.asking": "查询 {job}",
    "forward.failed": "转发没有建立；ssh 以 {code} 结束。",
    "forward.failed.next": "如果那边的端口被占用，请换一个（-R OTHER:PORT）。"
    "其他情况：sshq-local doctor <作业>",
    "forward.until": "按 Ctrl-C 结束。",
    "forward.stands-L": "本机的 http://{listen} 通向 {alias} 的 {goal}。",
    "forward.stands-R": "{alias} 的 {listen} 通向本机的 {goal}。",
    "forward.stands-D": "本机的 socks5://{listen} 从 {alias} 出去。",
    "forward.instead": "（本机的端口 {wanted} 不可用。）",
    "forward.tunnel": "localhost:{port} 是 {machine} 的 SSH 服务：ssh {alias}",
}
