"""`python -P -m sshq_local`: what the ProxyCommand in SSH's configuration runs."""

from __future__ import annotations

import gc
import signal
import sys

if sys.argv[1:2] in (["proxy"], ["renew"]):
    # Ctrl-C reaches whatever ssh has started. Until the data channel handles it: die, say nothing.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
if sys.argv[1:2] == ["proxy"]:
    # Imports leave no garbage, and looking for it takes a tenth of their time. proxy turns it on again.
    gc.disable()

from sshq_local.cli import main

if __name__ == "__main__":
    sys.exit(main())
