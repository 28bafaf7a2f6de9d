"""Chinese (simplified): the audit."""

TEXTS: dict[str, str] = {
    "command.audit": "查看决定与操作记录：全部、某人的或某个作业的",
    "parameter.of": "谁的，或哪个作业的；不写则为所有人",
    "parameter.days": "往前多少天，默认 7",
    "parameter.to_s3": "把这些天的记录以 JSON 行写入 S3",
    "parameter.verify": "检查整条记录链",
    "audit.title": "{count} 条记录，最新在前",
    "audit.none": "这些天没有相关记录。",
    "audit.more": "……另有 {count} 条更早的记录。`/sshq audit --export` 会把全部写入 S3。",
    "audit.exported": "{count} 条记录已写入 {where}，每天一个文件。",
    "audit.intact": "审计记录完好：{records} 条，最后一条编号 {last}。其摘要（请另行保存）："
    "{digest}",
    "audit.broken": "审计记录不完好：{records} 条记录中有 {count} 处问题，最后一条编号 {last}。",
    "audit.fault.altered": "• 记录 {seq} 被修改",
    "audit.fault.missing": "• 记录 {seq} 缺失",
    "audit.fault.out-of-place": "• 记录 {seq} 位置不对",
    "audit.fault.relinked": "• 记录 {seq} 与前一条不衔接，前一条被替换",
}
