"""What a command answers, on stdout: sentences for a person, or one line of JSON for a program."""

from __future__ import annotations

import json
import sys


def say(text: str) -> None:
    """At once, since what follows may last as long as a forward does."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def say_json(value: object) -> None:
    """In ASCII, which every pipe and terminal carries."""
    say(json.dumps(value))
