"""Chinese: what is no ticket."""

_NEXT = "请复制机器人给出的整行，或索取新票据：/sshq connect <作业>"

TEXTS = {
    "ticket.none": "这既不是票据，也不是本机持有租约的作业。票据的形式是 <主机>/<32 个字母和数字>。",
    "ticket.none.next": _NEXT,
    "ticket.bad-host": "票据中的主机无效：{host}。",
    "ticket.bad-host.next": _NEXT,
    "ticket.bad-length": "票据的代码有 {length} 个字符，应为 {wanted} 个：缺了一部分，或多了内容。",
    "ticket.bad-length.next": _NEXT,
    "ticket.bad-character": "票据的代码中有票据不会出现的字符。",
    "ticket.bad-character.next": _NEXT,
}
