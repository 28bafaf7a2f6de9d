"""Chinese (simplified): watching jobs."""

TEXTS: dict[str, str] = {
    "command.list": "您未结束的作业；加 --all 也列出最近 30 天内结束的",
    "parameter.all": "也列出已结束的",
}
