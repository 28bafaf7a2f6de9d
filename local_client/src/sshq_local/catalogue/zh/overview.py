"""Chinese: the overview, exit codes, and what is said of any command line."""

TEXTS = {
    "overview.head": """\
用法：sshq-local <命令> [--help] …

用一次性票据通过 SSH 进入 SageMaker 作业，本机无需任何 AWS 密钥。
从机器人给出的那一行开始：sshq-local connect <票据>

命令：""",
    "overview.connect": "兑换票据并打开 shell",
    "overview.ls": "列出本机持有的租约",
    "overview.status": "作业的状态、截止时间和费用",
    "overview.sessions": "本机租约的打开连接；可结束其中一个",
    "overview.exec": "在机器上运行一条命令",
    "overview.cp": "用多个会话并行复制文件",
    "overview.attach": "使用别处启动的 SSM 会话",
    "overview.sync": "监视一个文件夹，把变化送到机器上",
    "overview.forward": "让本机访问机器的端口，或反过来",
    "overview.tunnel": "把机器的 SSH 服务放到 localhost:11022，别名 sagemaker-training",
    "overview.code": "在机器上打开 VS Code",
    "overview.cursor": "在机器上打开 Cursor",
    "overview.pycharm": "PyCharm：如何设置，以及它的调试服务器",
    "overview.jupyter": "机器上的 Jupyter，在本机浏览器中打开",
    "overview.tensorboard": "机器上的 TensorBoard，在本机浏览器中打开",
    "overview.vnc": "机器的桌面",
    "overview.logs": "作业的输出",
    "overview.extend": "推迟作业的截止时间",
    "overview.stop": "停止作业",
    "overview.disconnect": "归还租约，并从 SSH 配置中移除 sshq",
    "overview.clean": "清除本机上 sshq 的一切",
    "overview.doctor": "找出无法进入机器的原因和解决办法",
    "overview.completion": "bash、zsh、fish 或 PowerShell 的补全脚本",
    "overview.version": "sshq-local、Python 和 ssh 的版本",
    "overview.exit-codes": """\
退出码：
  0 完成 · 1 被拒绝（提示说明原因） · 2 用法错误或不是票据 ·
  3 无法连到访问 API · 4 缺少 ssh（或所需工具） ·
  70 sshq-local 自身出错 · 255 ssh 连接失败 ·
  其他：远端命令自己的退出码
""",
    "overview.environment": """
环境变量：
  SSHQ_DATA_HOME   租约存放的位置        SSHQ_SSH_CONFIG  代替 ~/.ssh/config
  SSHQ_LANG        en 或 zh              HTTPS_PROXY、NO_PROXY、SSL_CERT_FILE
""",
    "overview.usage": "用法：",
    "overview.arguments": "参数",
    "overview.options": "选项",
    "overview.see-help": "{command} --help",
    "overview.required": "缺少：{what}",
    "overview.unrecognized": "无法识别：{what}",
    "overview.no-value": "{what} 需要一个值",
    "overview.bad-value": "{what} 不能是 {value}",
    "overview.nothing-after-dashes": "这里的 -- 之后不能有内容",
    "overview.no-such-command": "没有 {word!r} 这个命令。",
    "overview.did-you-mean": "没有 {word!r} 这个命令；是指 {near} 吗？",
    "overview.stage-failed": "失败",
    "overview.system": "本机拒绝了操作：{why}",
    "overview.bug": "sshq-local 自身出错（{kind}），不是你的问题。",
    "overview.bug.next": "加上 --debug 再运行一次，把输出给管理员看。",
}
