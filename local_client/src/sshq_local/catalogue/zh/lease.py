"""Chinese: a lease that can't be used."""

TEXTS = {
    "lease.not-as-agreed": "租约无法使用：{what} 缺失或不符合约定。",
    "lease.not-as-agreed.next": "请确认 sshq-local 与团队的 sshq 版本一致：sshq-local version",
    "lease.none-for": "本机没有 {name} 的租约。",
    "lease.none-for.next": "用 sshq-local ls 查看本机的租约，或在 Slack 中索取票据：/sshq connect <作业>",
    "lease.damaged": "本机上的租约 {id} 已损坏。",
    "lease.damaged.next": "请在 Slack 中索取新票据：/sshq connect <作业>",
    "lease.no-key": "无法读取 {job} 租约的密钥：{why}。",
    "lease.no-key.next": "请在 Slack 中索取新票据：/sshq connect <作业>",
    "lease.bad-certificate": "无法读取访问 API 给出的证书：{why}。",
    "lease.bad-certificate.next": "请在 Slack 中索取新票据：/sshq connect <作业>",
}
