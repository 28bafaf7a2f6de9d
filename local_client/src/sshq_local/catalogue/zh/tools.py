"""Chinese: editors and services."""

TEXTS = {
    "tools.opened": "{title} 正在 {alias} 上打开。",
    "tools.missing": "本机没有 {title}，或没有它的命令 {program}。",
    "tools.did-not-open": "{title} 没有打开（{program} 失败）。",
    "tools.editor-steps": """\
以下任一方法都可以打开：
  · 在 {title} 中按 F1，选择“Shell Command: Install '{program}' command in PATH”，
    然后再运行一次。
  · 在装有 Remote - SSH 扩展的 {title} 中按 F1，选择
    “Remote-SSH: Connect to Host…”，再选 {alias}，然后打开文件夹 {path}
  · 打开此链接：{link}""",
    "tools.other-config": "SSH 配置在 {path} 中：请在编辑器的设置 remote.SSH.configFile 中指定它。",
    "tools.not-absolute": "{path} 不是机器上的文件夹：它必须以 / 开头。",
    "tools.not-absolute.next": "例如：sshq-local code <作业> /opt/ml/code",
    "tools.bad-path": "路径 {path} 中有 Windows 命令文件会误解的字符。",
    "tools.bad-path.next": "不带路径打开编辑器，再从菜单中打开文件夹。",
    "tools.pycharm-steps": """\
1. 把密钥和证书载入 ssh-agent（租约结束时自动忘记）：
     {add_key}
2. 在 PyCharm 或 JetBrains Gateway 中：远程开发，SSH，新建连接：
     主机 {alias} · 用户 {user}
     认证方式：OpenSSH config and authentication agent
3. 若只用作解释器：设置，Python 解释器，添加，On SSH，同一主机。
   需要主机和端口的工具可使用：sshq-local tunnel {alias}
PyCharm 的调试服务器：sshq-local pycharm {alias} --debug-server 12345""",
    "tools.debug-server": """\
机器的端口 {port} 通向本机的端口 {here}。请在端口 {here} 上启动 PyCharm 的调试服务器
（运行，编辑配置，Python Debug Server），并在机器上的代码中写：
  import pydevd_pycharm
  pydevd_pycharm.settrace("localhost", port={port}, suspend=True)""",
    "tools.starting": "在 {alias} 上启动 {title}（若尚未运行）",
    "tools.waiting": "等待 {title} 应答",
    "tools.stands": "{alias} 的 {title}：{url}",
    "tools.open-yourself": "要打开它：{page}",
    "tools.until": "按 Ctrl-C 结束转发；{title} 在机器上继续运行。",
    "tools.not-there": "{alias} 上没有 {program}。",
    "tools.not-there.next": "在那里安装：{install}   （或指定：--program PATH）",
    "tools.no-folder": "{alias} 上没有文件夹 {folder}。",
    "tools.no-folder.next": "请指定已有的文件夹；可以相对于登录用户的主目录。",
    "tools.not-started": "无法在 {alias} 上启动 {title}：{why}",
    "tools.not-started.next": "查看问题所在：sshq-local doctor {alias}",
    "tools.no-answer": "{title} 已启动，但没有应答。",
    "tools.no-answer.next": "原因见其日志：{log}",
}
