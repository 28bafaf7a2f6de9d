"""The command line. A command's module is imported only when it is asked for."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from io import TextIOWrapper

from sshq_local.errors import Exit, Reason, Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (
    *("connect", "ls", "status", "sessions", "exec", "cp", "attach", "sync", "forward", "tunnel"),
    *("code", "cursor", "pycharm", "jupyter", "tensorboard", "vnc"),
    *("logs", "extend", "stop", "disconnect", "clean"),
    *("doctor", "completion", "version"),
)
"""As the overview shows them. The catalogue has a line (overview), help and examples for each."""

_FOR_SSH = {"proxy": 5, "renew": 4}
"""What our own SSH configuration runs, and in how many words: ours, so they need no parser."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; every Refusal becomes a sentence (or JSON) and an exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in _FOR_SSH:
        return _run_for_ssh(words)
    own, after_dashes = _split(words)
    debug = "--debug" in own
    own = [word for word in own if word != "--debug"]
    if own[:1] == ["--version"]:
        own = ["version"]
    return _run_for_a_person(own, after_dashes, debug=debug)


def _run_for_a_person(own: list[str], after_dashes: list[str], *, debug: bool) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that lacks a character (Windows's code pages) shows "?" for it.
            stream.reconfigure(errors="replace")
    try:
        return _run(own, after_dashes)
    except Refusal as refusal:
        if debug:
            raise
        _show(refusal, as_json="--json" in own)
        return refusal.exit_code
    except KeyboardInterrupt:
        if debug:
            raise
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`): nothing is wrong, and nobody listens.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.BROKEN_PIPE
    except Exception as error:
        if debug:
            raise
        _show(_unexpected(error), as_json="--json" in own)
        return Exit.REFUSED if isinstance(error, OSError) else Exit.INTERNAL


def _run(words: list[str], after_dashes: list[str]) -> int:
    if not words or words[0] not in COMMANDS:
        return _without_command(words)
    from sshq_local.parser import parser_for  # noqa: PLC0415 - what ssh runs goes without argparse

    parser, module = parser_for(words[0])
    arguments = parser.parse_args(words[1:])
    arguments.after_dashes = after_dashes
    if after_dashes and not getattr(module, "TAKES_MORE", False):
        from sshq_local.language import text  # noqa: PLC0415

        parser.error(text("overview.nothing-after-dashes"))
    return int(module.run(arguments))


def _run_for_ssh(words: list[str]) -> int:
    if len(words) != _FOR_SSH[words[0]]:
        print(f"sshq-local: {words[0]} is run by ssh; see sshq-local --help", file=sys.stderr)
        return Exit.SSH_FAILED
    try:
        return int(import_module(f"sshq_local.commands.{words[0]}").run_words(words[1:]))
    except Exception as error:  # noqa: BLE001 - a traceback helps nobody who waits for ssh
        print(f"sshq-local: {_unexpected(error).what}", file=sys.stderr)
        return Exit.SSH_FAILED


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """What is ours, and what stands after `--`: argparse would mix them up."""
    if "--" not in words:
        return words, []
    at = words.index("--")
    return words[:at], words[at + 1 :]


def _without_command(words: list[str]) -> int:
    """The overview. Raises Refusal when the first word is meant as a command and isn't one."""
    from sshq_local.language import text  # noqa: PLC0415

    if words and words[0] not in {"-h", "--help", "help"}:
        import difflib  # noqa: PLC0415 - for a slip of the hand only

        near = difflib.get_close_matches(words[0], COMMANDS, n=1)
        key = "overview.did-you-mean" if near else "overview.no-such-command"
        raise Refusal(
            Reason.BAD_USAGE,
            text(key, word=words[0], near="".join(near)),
            text("overview.see-help", command=" ".join(["sshq-local", *near])),
            exit_code=Exit.USAGE,
        )
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {text(f'overview.{name}')}" for name in COMMANDS]
    print(text("overview.head") + "\n" + "\n".join(lines) + "\n")
    print(text("overview.exit-codes") + text("overview.environment"), end="", flush=True)
    return Exit.OK


def _unexpected(error: Exception) -> Refusal:
    """What nobody foresaw, without a traceback: the operating system's words, or a bug's name."""
    from sshq_local.language import text  # noqa: PLC0415

    if isinstance(error, OSError):
        return Refusal("system", text("overview.system", why=str(error)))
    what = text("overview.bug", kind=type(error).__name__)
    return Refusal("internal", what, text("overview.bug.next"), exit_code=Exit.INTERNAL)


def _show(refusal: Refusal, *, as_json: bool) -> None:
    if as_json:
        from sshq_local.output import say_json  # noqa: PLC0415 - on a failure only

        say_json({"error": refusal.as_json()})
        return
    print(f"sshq-local: {refusal.what}", file=sys.stderr)
    if refusal.next_step:
        print(f"  → {refusal.next_step}", file=sys.stderr)
