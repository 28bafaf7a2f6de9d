"""`make show-jobs`: the evidence for jobs, made on the spot. One module for each part."""

from __future__ import annotations

import sys

from scripts import show_jobs_ask, show_jobs_line, show_jobs_sandbox, show_jobs_watch


def main() -> int:
    """Show everything; the exit code says whether all of it held."""
    parts = (show_jobs_ask, show_jobs_watch, show_jobs_sandbox, show_jobs_line)
    outcomes = [part.show() for part in parts]
    held = all(outcomes)
    print(f"\n== {'all of it held' if held else 'NOT all of it held'}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
