"""Stdin and stdout over an SSM session that somebody else started: StartSession's answer is all it takes."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sshq_local.errors import Exit, Reason, Refusal, refusal
from sshq_local.installation import this_installation
from sshq_local.language import text
from sshq_local.ssm.proxy import run as carry
from sshq_local.ssm.settings import SessionAccess, SessionGone, read_settings
from sshq_local.ssm_plugin import run_plugin

if TYPE_CHECKING:
    import argparse

_LARGEST_ANSWER = 64 * 1024
_RESUME_SECONDS = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = text("help.attach.usage")
    parser.add_argument(
        "--session", metavar="FILE", required=True, help=text("help.attach.session")
    )
    parser.add_argument("--resume", metavar="COMMAND", help=text("help.attach.resume"))
    parser.add_argument(
        "--transport", choices=["own", "plugin"], default="own", help=text("help.attach.transport")
    )
    parser.add_argument("--region", metavar="REGION", default="", help=text("help.attach.region"))
    parser.add_argument("--ca-file", metavar="FILE", help=text("help.attach.ca-file"))


def run(arguments: argparse.Namespace) -> int:
    answer = _answer(_read_stdin() if arguments.session == "-" else _read_file(arguments.session))
    access = _access(answer)
    if arguments.transport == "plugin":
        return run_plugin(access, region=arguments.region, ca_file=arguments.ca_file or "")
    try:
        settings = read_settings(this_installation().data)
    except SessionGone as error:
        raise Refusal(Reason.BAD_SETTINGS, str(error), exit_code=Exit.USAGE) from error
    unused = [access]

    def open_session() -> SessionAccess:
        if not unused:
            raise SessionGone(text("attach.no-fresh-session"))
        return unused.pop()

    return carry(
        open_session,
        lambda session_id: _resumed(arguments.resume, session_id),
        end=None,
        ca_file=arguments.ca_file,
        stdin_fd=0,
        stdout_fd=1,
        settings=settings,
    )


def _resumed(command: str | None, session_id: str) -> SessionAccess:
    """What the resume command prints. Raises SessionGone, or OSError: then it is tried again."""
    if not command:
        raise SessionGone(text("attach.no-resume"))
    words = shlex.split(command, posix=os.name != "nt")
    program = shutil.which(words[0]) if words else None
    if program is None:
        raise SessionGone(text("attach.no-resume-program", program=command[:80]))
    try:
        done = subprocess.run(
            [program, *words[1:], session_id],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_RESUME_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ConnectionError(text("attach.resume-too-slow")) from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise ConnectionError(
            text("attach.resume-failed", code=done.returncode, said="".join(said)[:200])
        )
    try:
        return _access({"SessionId": session_id, **json.loads(done.stdout)})
    except (ValueError, TypeError) as error:
        raise SessionGone(text("attach.resume-unreadable")) from error


def _access(answer: dict[str, object]) -> SessionAccess:
    try:
        return SessionAccess(
            *(str(answer[name]) for name in ("SessionId", "StreamUrl", "TokenValue"))
        )
    except KeyError as error:
        raise refusal(
            Reason.BAD_ANSWER, "attach.lacks", exit_code=Exit.USAGE, name=error
        ) from error


def _answer(content: bytes) -> dict[str, object]:
    try:
        answer = json.loads(content)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise refusal(Reason.BAD_ANSWER, "attach.unreadable", exit_code=Exit.USAGE)
    return answer


def _read_file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()[:_LARGEST_ANSWER]
    except OSError as error:
        why = error.strerror or str(error)
        raise refusal(
            Reason.NO_SUCH_FILE, "attach.no-file", exit_code=Exit.USAGE, path=path, why=why
        ) from error


def _read_stdin() -> bytes:
    """The JSON object at stdin's beginning, and not a byte more: what follows is for the session."""
    content = b""
    while len(content) < _LARGEST_ANSWER:
        byte = os.read(sys.stdin.fileno(), 1)
        content += byte
        if not byte:
            break
        if byte == b"}":
            try:
                json.loads(content)
            except ValueError:
                continue
            break
    return content
