"""Chinese: connecting."""

TEXTS = {
    "connect.held": "继续使用本机持有的 {job} 的租约。",
    "connect.redeeming": "兑换票据",
    "connect.writing": "写入 SSH 配置",
    "connect.yours": "{names}：归你使用至 {until}。还可以：scp FILE {alias}:  ·  "
    "sshq-local code {alias}",
    "connect.ask-doctor": "哪里出了问题？sshq-local doctor {job}",
    "connect.sandbox": "访问 API 就在本机：{host}（沙盒）。",
    "connect.first-use": "首次使用访问 API {host}：已记住。",
    "connect.unknown-api": "票据指向本机从未用过的访问 API {host}。本机已知：{known}。"
    "陌生人的票据可能把你引到陌生人的机器上。",
    "connect.unknown-api.next": "如果你的团队确实在那里有另一套 sshq，请明确说明："
    "sshq-local connect --accept-api <票据>",
    "connect.no-ca-file": "没有 CA 文件 {file}。票据没有被使用。",
    "connect.no-ca-file.next": "用 --ca-file 指定一个 PEM 文件，再粘贴一次。",
}
