"""The command line. A command's module is imported only when it is asked for."""

from __future__ import annotations

import sys
from importlib import import_module

from sshq_local.errors import Exit, Refusal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "connect": "redeem a ticket and open a shell",
    "ls": "list the leases that this computer holds",
    "status": "a job's state, deadline and cost",
    "exec": "run one command on a machine",
    "stop": "stop a job",
    "disconnect": "give leases back and leave nothing behind",
    "version": "versions of sshq-local, Python and ssh",
}
_FOR_SSH = {"proxy": 5, "renew": 4}
"""What our own SSH configuration runs, and in how many words: ours, so they need no parser."""

_EXIT_CODES = """\
exit codes:
  0 done · 1 refused (the sentence says why) · 2 wrong usage or not a ticket ·
  3 the access API can't be reached · 4 ssh is missing or too old ·
  255 ssh's connection failed; any other: the remote command's own

environment:
  SSHQ_DATA_HOME   where leases are kept     SSHQ_SSH_CONFIG  instead of ~/.ssh/config
  HTTPS_PROXY, NO_PROXY                      the way to the access API and AWS
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; every Refusal becomes a sentence (or JSON) and an exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words[:1]
    words = words[1:] if debug else words
    if words[:1] == ["--version"]:
        words = ["version"]
    if words and words[0] in _FOR_SSH:
        return _run_for_ssh(words)
    if not words or words[0] not in COMMANDS:
        return _without_command(words)
    import argparse  # noqa: PLC0415 - what ssh runs goes without

    module = import_module(f"sshq_local.commands.{words[0]}")
    parser = argparse.ArgumentParser(
        prog=f"sshq-local {words[0]}",
        description=module.__doc__,
        epilog=getattr(module, "EXAMPLES", "") + "\n" + _EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    own, after_dashes = _split(words[1:])
    arguments = parser.parse_args(own)
    arguments.after_dashes = after_dashes
    if after_dashes and not getattr(module, "TAKES_MORE", False):
        parser.error("nothing may follow -- here")
    try:
        return int(module.run(arguments))
    except Refusal as refusal:
        if debug:
            raise
        _show(refusal, as_json=getattr(arguments, "json", False))
        return refusal.exit_code
    except KeyboardInterrupt:
        if debug:
            raise
        return 130
    except OSError as error:
        if debug:
            raise
        print(f"sshq-local: {error}", file=sys.stderr)
        return Exit.REFUSED


def _run_for_ssh(words: list[str]) -> int:
    if len(words) != _FOR_SSH[words[0]]:
        print(f"sshq-local: {words[0]} is run by ssh; see sshq-local --help", file=sys.stderr)
        return Exit.SSH_FAILED
    return int(import_module(f"sshq_local.commands.{words[0]}").run_words(words[1:]))


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """What is ours, and what stands after `--`: argparse would mix them up."""
    if "--" not in words:
        return words, []
    at = words.index("--")
    return words[:at], words[at + 1 :]


def _without_command(words: list[str]) -> int:
    """The overview, or (SystemExit 2) what is wrong with the first word."""
    import argparse  # noqa: PLC0415

    width = max(map(len, COMMANDS))
    parser = argparse.ArgumentParser(
        prog="sshq-local",
        usage="sshq-local [--debug] <command> [--help] …",
        description="From a one-time ticket to SSH on a SageMaker job, with no AWS keys here.",
        epilog="commands:\n"
        + "".join(f"  {name:<{width}}  {summary}\n" for name, summary in COMMANDS.items())
        + "\n"
        + _EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    command = parser.parse_known_args(words)[0].command
    if command is not None:
        parser.error(f"there is no command {command!r}; see sshq-local --help")
    parser.print_help()
    return Exit.USAGE if words else Exit.OK


def _show(refusal: Refusal, *, as_json: bool) -> None:
    if as_json:
        import json  # noqa: PLC0415 - loaded already wherever it is wanted

        print(json.dumps({"error": refusal.as_json()}))
        return
    print(f"sshq-local: {refusal.what}", file=sys.stderr)
    if refusal.next_step:
        print(f"  → {refusal.next_step}", file=sys.stderr)
