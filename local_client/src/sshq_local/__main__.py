"""`python -P -m sshq_local`: what the ProxyCommand in SSH's configuration runs."""

from __future__ import annotations

import sys

from sshq_local.cli import main

if __name__ == "__main__":
    sys.exit(main())
