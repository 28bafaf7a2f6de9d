"""Chinese: the way to the access API."""

_CLOCK = "校准时钟（让它从网络自动对时）后重试。"

TEXTS = {
    "api.untrusted": "{why}",
    "api.untrusted.next": "如果公司会检查 TLS，或使用的是沙盒，请指定其 CA：--ca-file FILE",
    "api.not-ours": "这不是 sshq 访问 API 的应答：{what}。",
    "api.not-ours.next": "请检查票据中的主机，以及中间是否有代理或登录页面。",
    "api.clock-ahead": "本机时钟快了 {minutes} 分钟：访问 API 只接受相差不超过 5 分钟的请求。",
    "api.clock-ahead.next": _CLOCK,
    "api.clock-behind": "本机时钟慢了 {minutes} 分钟：访问 API 只接受相差不超过 5 分钟的请求。",
    "api.clock-behind.next": _CLOCK,
    "api.unreachable": "无法连到 {host} 的访问 API：{why}。",
    "api.unreachable.next": "请检查网络（以及 VPN 或代理）后重试：什么都不会丢失。",
    "api.bad-id": "访问 API 给出的编号无效：{id}",
    "api.bad-id.next": "请确认 sshq-local 与团队的 sshq 版本一致：sshq-local version",
}
