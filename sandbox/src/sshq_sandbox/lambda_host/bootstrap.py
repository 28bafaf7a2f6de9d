"""A function's process: the lifeline, the sandbox's clock, then AWS's runtime client.

Called as `python -m sshq_sandbox.lambda_host.bootstrap HANDLER`, with Lambda's variables and
- SSHQ_SANDBOX_LIFELINE: a pipe's descriptor; its other end closes when the supervisor is gone;
- SSHQ_SANDBOX_CLOCK: the file with the sandbox's time offset;
- SSHQ_SANDBOX_LAYERS: folders of the function's layers (os.pathsep between them);
- SSHQ_SANDBOX_RUNTIME: `plain` to do without AWS's client, as where it has no wheel.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import sys
import threading
from pathlib import Path


def main() -> None:
    """Run the handler named by the first argument until the process is ended."""
    lifeline = int(os.environ.pop("SSHQ_SANDBOX_LIFELINE"))
    threading.Thread(target=_die_with_supervisor, args=(lifeline,), daemon=True).start()
    sys.path[:0] = [os.environ["LAMBDA_TASK_ROOT"], *_layers()]
    _install_clock(Path(os.environ.pop("SSHQ_SANDBOX_CLOCK")))
    plain = os.environ.pop("SSHQ_SANDBOX_RUNTIME", "") == "plain"
    # runtime_client is awslambdaric's compiled half.
    if not plain and importlib.util.find_spec("runtime_client") is not None:
        from awslambdaric import __main__ as runtime  # noqa: PLC0415 - absent where it has no wheel

        runtime.main(sys.argv)
    else:
        from sshq_sandbox.lambda_host import plain_runtime  # noqa: PLC0415 - only then

        plain_runtime.run(sys.argv[1], os.environ["AWS_LAMBDA_RUNTIME_API"])


def _die_with_supervisor(lifeline: int) -> None:
    with contextlib.suppress(OSError):
        while os.read(lifeline, 1):
            pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _layers() -> list[str]:
    folders = os.environ.pop("SSHQ_SANDBOX_LAYERS", "").split(os.pathsep)
    return [path for folder in folders if folder for path in (folder, str(Path(folder, "python")))]


def _install_clock(file: Path) -> None:
    """Hand the sandbox's time to the core, where the function has the core at all."""
    if importlib.util.find_spec("sshq.composition") is None:
        return
    from sshq import composition  # noqa: PLC0415 - the function's layer decides which one
    from sshq_sandbox.lambda_host.clock import BotClock  # noqa: PLC0415

    composition.set_clock(BotClock(file))


if __name__ == "__main__":
    main()
