"""Chinese: the help of each command: what it does, its arguments, examples."""

TEXTS = {
    "help.examples": "示例：",
    "help.help": "显示本帮助",
    "help.debug": "出错时显示 Python 的回溯",
    "help.json": "输出 JSON，供程序使用",
    "help.job": "作业，或它的某台机器（见 sshq-local ls）",
    "help.job-or-all": "作业，或它的某台机器；省略则为全部",
    "help.connect": """\
兑换一次性票据，把作业的机器写入 SSH 配置，并在第一台上打开 shell。
此后直到租约结束，ssh、scp、rsync、git、VS Code 和 PyCharm 都可直接使用所显示的名字。

给出作业名而不是票据时，继续使用本机已持有的租约。
同一张票据粘贴两次得到同一个租约，不会报错。""",
    "help.connect.usage": "sshq-local connect <票据 | 作业> [选项] [-- ssh 参数]",
    "help.connect.ticket": "机器人给出的那一行（<主机>/<32 个字符>），或本机持有租约的作业",
    "help.connect.no-shell": "只做好准备，不打开 shell",
    "help.connect.print": "打印 ssh 命令，不运行",
    "help.connect.json": "以 JSON 输出租约和 ssh 命令；不打开 shell",
    "help.connect.ca-file": "信任此 PEM 文件中的 CA，本次及整个租约期间",
    "help.connect.accept-api": "允许票据指向本机没用过的访问 API",
    "help.connect.examples": """\
  sshq-local connect <票据>                          在作业的第一台机器上打开 shell
  sshq-local connect <票据> -- -L 8888:localhost:8888
  sshq-local connect <票据> -- nvidia-smi            运行一条命令，不打开 shell
  sshq-local connect <票据> --no-shell               之后用 ssh、scp、rsync、VS Code …
  sshq-local connect sshq-alice-gpu-7f3k2m9q-1       在第二台机器上打开 shell
""",
    "help.ls": "列出本机持有的租约（不询问服务器）：给 ssh 用的名字、节点编号、租约剩余时间。",
    "help.ls.names": "只输出名字，每行一个",
    "help.ls.examples": """\
  sshq-local ls
  sshq-local ls --json | jq -r '.leases[].nodes[].alias'
""",
    "help.status": "向访问 API 查询本机持有租约的每个作业：状态、截止时间、至今费用。",
    "help.status.examples": """\
  sshq-local status
  sshq-local status sshq-alice-gpu-7f3k2m9q --json
""",
    "help.sessions": "向访问 API 查询本机租约下打开的 SSM 会话，或结束其中一个（租约保留，ssh 可再次连接）。",
    "help.sessions.end": "结束此会话",
    "help.sessions.examples": """\
  sshq-local sessions
  sshq-local sessions --end sshq-AccessApi-0a1b2c3d4e5f6a7b8
""",
    "help.exec": """\
在机器上运行一条命令；输出和退出码原样传回。
只有一个参数时，它是给远端 shell 的一行；有多个时，原样传递。""",
    "help.exec.usage": "sshq-local exec <作业> [--json] -- 命令 [参数 …]",
    "help.exec.json": "以 JSON 输出 exit_code、stdout 和 stderr",
    "help.exec.examples": """\
  sshq-local exec sshq-alice-gpu-7f3k2m9q -- nvidia-smi -L
  sshq-local exec sshq-alice-gpu-7f3k2m9q -- 'ls *.pt | wc -l'
  sshq-local exec sshq-alice-gpu-7f3k2m9q-1 -- python 'my script.py'
""",
    "help.cp": """\
在本机与作业之间复制文件或文件夹，同时使用多个 SSM 会话：一个会话的下载约 0.6 MB/s，
多个会话可以叠加。中断后，再运行同一条命令即从断点继续。每个文件在 SHA-256 比对一致后
才得到正式的名字；断掉的会话会被替换。""",
    "help.cp.usage": "sshq-local cp [选项] <来源> <目标>      （其中一个写成 作业:路径）",
    "help.cp.source": "本机的文件或文件夹，或 作业:路径",
    "help.cp.target": "复制到哪里：作业:路径，或本机路径",
    "help.cp.stripes": "会话数（默认 4，最多 16）",
    "help.cp.r": "为习惯 scp 的人保留：文件夹总会被复制",
    "help.cp.json": "以 JSON 输出结果，不显示进度",
    "help.cp.examples": """\
  sshq-local cp model.pt sshq-alice-gpu-7f3k2m9q:/tmp/
  sshq-local cp sshq-alice-gpu-7f3k2m9q:checkpoints .     文件夹，路径从那边的主目录算起
  sshq-local cp -n 8 data.tar sshq-alice-gpu-7f3k2m9q-1:/data/data.tar
""",
    "help.attach": """\
根据 StartSession 返回的 JSON，把标准输入和输出接到别处启动的 SSM 会话上：
适合自己持有 AWS 密钥的成员，以及脚本。没有恢复命令时，连接一断就结束。""",
    "help.attach.usage": "sshq-local attach --session <文件 | -> [选项]",
    "help.attach.session": "存有 StartSession 返回内容的文件；-：内容在标准输入的开头，其后的都交给会话",
    "help.attach.resume": "连接断开时运行，会话编号附在末尾；它应输出 ResumeSession 的返回内容",
    "help.attach.transport": "own：sshq-local 自己的数据通道（默认）；plugin：AWS 的 "
    "session-manager-plugin，内容经环境变量传给它",
    "help.attach.region": "供 plugin 使用，在 StreamUrl 没有写明区域时",
    "help.attach.ca-file": "信任此 PEM 文件中的 CA",
    "help.attach.examples": """\
  sshq-local attach --session answer.json
  sshq-local attach --session answer.json \\
    --resume 'aws ssm resume-session --output json --session-id'
  ssh -o ProxyCommand='sshq-local attach --session answer.json' root@node
""",
    "help.sync": """\
把一个文件夹送到机器上，然后监视它并送出变化，直到按下 Ctrl-C。
两边都有 rsync 时用 rsync，否则用 sftp。版本库、虚拟环境和缓存留在本机。
机器上的改动不会带回来。""",
    "help.sync.folder": "本机的文件夹（默认：当前文件夹）",
    "help.sync.target": "那边的文件夹，相对于登录用户的主目录（默认：同名）",
    "help.sync.exclude": "不送符合此模式的文件，如 *.pt 或 data/*",
    "help.sync.delete": "期间在本机删除的，那边也删除",
    "help.sync.once": "只送一次，不监视",
    "help.sync.json": "每次送出时输出一行 JSON",
    "help.sync.examples": """\
  sshq-local sync sshq-alice-gpu-7f3k2m9q                        当前文件夹，同名
  sshq-local sync sshq-alice-gpu-7f3k2m9q src /opt/ml/code --delete
  sshq-local sync sshq-alice-gpu-7f3k2m9q . work --once --exclude '*.pt'
""",
    "help.forward": """\
让本机可以访问机器的端口，直到按下 Ctrl-C。

PORT 是机器上的端口，本机使用相同的端口；若已被占用，则用下一个空闲的并告知你。
LOCAL:PORT 指定本机的端口。-L、-R、-D 与 ssh 相同，也可简写：
-R 12345 让机器访问本机 12345 端口上的调试服务器；-D 1080 是进入作业的 SOCKS 代理。""",
    "help.forward.usage": "sshq-local forward <作业> [[LOCAL:]PORT …] [-L SPEC] [-R SPEC] [-D SPEC]",
    "help.forward.port": "[LOCAL:]PORT，或完整的 [BIND:]LOCAL:HOST:PORT",
    "help.forward.L": "从本机到那边：PORT、LOCAL:PORT 或 [BIND:]LOCAL:HOST:PORT",
    "help.forward.R": "从那边到本机：PORT、REMOTE:PORT 或 [BIND:]REMOTE:HOST:PORT",
    "help.forward.D": "本机上的 SOCKS 代理，从那边出去：[BIND:]PORT",
    "help.forward.json": "以一行 JSON 输出已建立的转发，然后保持",
    "help.forward.examples": """\
  sshq-local forward sshq-alice-gpu-7f3k2m9q 8888            然后打开 http://localhost:8888
  sshq-local forward sshq-alice-gpu-7f3k2m9q 9000:8888 6006  两个端口，其中一个换了本机端口
  sshq-local forward sshq-alice-gpu-7f3k2m9q -R 12345        PyCharm 的调试服务器
  sshq-local forward sshq-alice-gpu-7f3k2m9q -D 1080         浏览器用的代理
""",
    "help.tunnel": """\
把机器的 SSH 服务放到 localhost:11022，直到按下 Ctrl-C，
别名是 sagemaker-ssh-helper 用户熟悉的 sagemaker-training。
ssh 按机器自己的主机密钥识别它，所以第二个作业不会冲突。
ssh、scp 和 VS Code 不需要它，直接用作业名即可；它是给只认主机和端口的工具用的。""",
    "help.tunnel.port": "不用 11022 而用别的端口；此时别名是 sagemaker-training-PORT",
    "help.tunnel.examples": """\
  sshq-local tunnel sshq-alice-gpu-7f3k2m9q            然后 ssh sagemaker-training
  sshq-local tunnel sshq-alice-gpu-7f3k2m9q --port 11023
""",
    "help.code": """\
通过 VS Code 自己的 Remote - SSH 扩展在机器上打开 VS Code。
找不到 VS Code 或其命令时，显示手工打开的步骤（退出码 4）。""",
    "help.code.path": "机器上的文件夹，以 / 开头",
    "help.code.json": "以 JSON 输出命令、链接和步骤",
    "help.code.examples": "  sshq-local code sshq-alice-gpu-7f3k2m9q /opt/ml/code\n",
    "help.cursor": """\
通过 SSH 在机器上打开 Cursor。
找不到 Cursor 或其命令时，显示手工打开的步骤（退出码 4）。""",
    "help.cursor.examples": "  sshq-local cursor sshq-alice-gpu-7f3k2m9q /opt/ml/code\n",
    "help.pycharm": """\
说明 PyCharm 或 JetBrains Gateway 如何连接机器。加上 --debug-server 时，
让机器上的代码访问本机的 PyCharm 调试服务器，直到按下 Ctrl-C。""",
    "help.pycharm.debug-server": "调试服务器的端口，省略则为 12345",
    "help.pycharm.examples": """\
  sshq-local pycharm sshq-alice-gpu-7f3k2m9q
  sshq-local pycharm sshq-alice-gpu-7f3k2m9q --debug-server
""",
    "help.service.port": "它在机器上的端口（默认 %(default)s）",
    "help.service.here": "本机的端口（默认：相同的，或下一个空闲的）",
    "help.service.program": "机器上的程序（默认 %(default)s）",
    "help.service.no-open": "只转发，不打开",
    "help.jupyter": """\
在机器上启动 Jupyter（若尚未运行），转发并在浏览器中打开。
它只监听机器的回环地址，使用随机令牌。Ctrl-C 结束转发；
Jupyter 和内核继续运行，再次执行同一命令即可回到原处。""",
    "help.jupyter.folder": "显示的文件夹（默认：登录用户的主目录）",
    "help.jupyter.examples": """\
  sshq-local jupyter sshq-alice-gpu-7f3k2m9q --folder /opt/ml/code
  sshq-local jupyter sshq-alice-gpu-7f3k2m9q --program /opt/conda/bin/jupyter
""",
    "help.tensorboard": """\
在机器上启动 TensorBoard（若尚未运行），转发并在浏览器中打开。
Ctrl-C 结束转发；TensorBoard 继续运行。""",
    "help.tensorboard.logdir": "事件文件所在的文件夹（默认：登录用户的主目录）",
    "help.tensorboard.examples": """\
  sshq-local tensorboard sshq-alice-gpu-7f3k2m9q --logdir /opt/ml/output/tensorboard
""",
    "help.vnc": """\
在机器上启动 VNC 服务（若尚未运行），转发并打开查看器。
Ctrl-C 结束转发；桌面和窗口继续运行。""",
    "help.vnc.examples": "  sshq-local vnc sshq-alice-gpu-7f3k2m9q\n",
    "help.logs": """\
输出作业已打印的内容；加 -f 时继续输出新的内容。
作业有多台机器时，每行前面是机器名。""",
    "help.logs.follow": "持续输出，直到作业结束或按下 Ctrl-C",
    "help.logs.tail": "最后多少行（默认 %(default)s）",
    "help.logs.json": "每行输出为 JSON：at、node、text",
    "help.logs.examples": """\
  sshq-local logs sshq-alice-gpu-7f3k2m9q --tail 20
  sshq-local logs sshq-alice-gpu-7f3k2m9q -f
""",
    "help.extend": """\
推迟作业的截止时间，与 Slack 中的 /sshq extend 相同。
作业启动时按策略和预算定下的上限不变：超过上限会被拒绝。""",
    "help.extend.usage": "sshq-local extend <作业> (SPAN | --until TIME) [--json]",
    "help.extend.span": "比现在的截止时间晚多久：2h、90m、1h30m、1d；只写数字表示小时",
    "help.extend.until": "到何时：18:00，或 ISO 时间",
    "help.extend.examples": """\
  sshq-local extend sshq-alice-gpu-7f3k2m9q 2h
  sshq-local extend sshq-alice-gpu-7f3k2m9q --until 18:00
""",
    "help.stop": "停止作业，与 Slack 中的 /sshq stop 相同。租约和连接随之结束。",
    "help.stop.examples": "  sshq-local stop sshq-alice-gpu-7f3k2m9q\n",
    "help.disconnect": """\
归还一个作业的租约：连接结束，密钥删除。不给作业名：归还全部租约，
并移除 ~/.ssh/config 中 sshq 的那一行。作业继续运行。""",
    "help.disconnect.examples": """\
  sshq-local disconnect sshq-alice-gpu-7f3k2m9q      这个作业的租约
  sshq-local disconnect                              全部，以及 ~/.ssh/config 中的那一行
""",
    "help.clean": """\
清除本机上 sshq 的一切：归还租约，删除密钥、SSH 配置、备份和已知访问 API 的记录。
只保留程序本身（pipx uninstall sshq-local 可卸载）。作业继续运行。""",
    "help.clean.examples": "  sshq-local clean\n",
    "help.doctor": """\
找出无法进入机器的原因。逐项检查：ssh、ssh 启动的程序、配置、Include 的顺序、
DNS、代理、CA、访问 API、时钟、租约、作业、SSM agent、数据通道、sshd、主机密钥、
证书，以及镜像的 glibc 是否满足 VS Code。
指出第一个失败的项目和解决办法（退出码 1）。Slack 中的 /sshq doctor 从另一侧检查。""",
    "help.doctor.job": "作业，或它的某台机器；省略则为最新的租约",
    "help.doctor.examples": """\
  sshq-local doctor
  sshq-local doctor sshq-alice-gpu-7f3k2m9q --json | jq -r .failing
""",
    "help.completion": """\
输出补全脚本。可补全命令、选项和机器名；
按下 Tab 时才查询机器名（sshq-local ls --names）。""",
    "help.completion.shell": "bash、zsh、fish 或 powershell",
    "help.completion.examples": """\
  sshq-local completion bash > ~/.local/share/bash-completion/completions/sshq-local
  sshq-local completion zsh > ~/.zfunc/_sshq-local        （compinit 之前 fpath+=~/.zfunc）
  sshq-local completion fish > ~/.config/fish/completions/sshq-local.fish
  sshq-local completion powershell >> $PROFILE
""",
    "help.version": "本机的版本：sshq-local、Python、ssh。",
    "help.version.examples": "  sshq-local version --json\n",
}
