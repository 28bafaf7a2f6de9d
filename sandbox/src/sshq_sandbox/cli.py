"""The command `sshq-sandbox`. Exit codes: 0 done, 1 refused, 2 wrong usage, 3 not running."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sshq_sandbox.channel_command import add_channel_commands
from sshq_sandbox.control_client import ControlClient, NotRunningError, RefusedError
from sshq_sandbox.state import (
    DEFAULT_FOLDER,
    DEFAULT_PORT,
    SandboxFacts,
    StateError,
    StateFolder,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_REFUSED, _NOT_RUNNING = 1, 3
_START_SECONDS, _STOP_SECONDS = 90.0, 30.0
_POLL_SECONDS = 0.2
_WAIT_SECONDS = 20.0
_ACCOUNTS = {
    "active": {"deleted": False, "is_restricted": False},
    "deactivated": {"deleted": True},
    "guest": {"is_restricted": True},
}
_EXAMPLES = """examples:
  sshq-sandbox up --detach
  sshq-sandbox slash --as admin setup
  sshq-sandbox click --as admin "Apply"
  sshq-sandbox slash --as admin "add-user @alice"
  sshq-sandbox slash --as alice "run --instance ml.m5.large"
  sshq-sandbox inbox --as alice
  sshq-sandbox clock +11m
  sshq-sandbox fault add CreateTrainingJob throttle --nth 1 --times 2
  eval "$(sshq-sandbox env)" && aws sagemaker list-training-jobs
  sshq-sandbox down

people: admin, alice, bob, carol; gina (a guest) and dave (who left) are there to be refused."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except NotRunningError as error:
        print(f"sshq-sandbox: {error}", file=sys.stderr)
        return _NOT_RUNNING
    except (RefusedError, StateError) as error:
        print(f"sshq-sandbox: {error}", file=sys.stderr)
        return _REFUSED
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _REFUSED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sshq-sandbox",
        description="sshq on this machine: its real handlers, with no AWS account and no Slack.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--state",
        type=Path,
        default=Path(os.environ.get("SSHQ_SANDBOX_STATE", DEFAULT_FOLDER)),
        help=f"state folder (default: $SSHQ_SANDBOX_STATE, else ./{DEFAULT_FOLDER})",
    )
    as_json = argparse.ArgumentParser(add_help=False)
    as_json.add_argument("--json", action="store_true", help="print JSON")
    person = argparse.ArgumentParser(add_help=False)
    person.add_argument("--as", dest="person", required=True, metavar="NAME", help="who acts")
    waiting = argparse.ArgumentParser(add_help=False)
    waiting.add_argument(
        "--wait",
        type=float,
        default=_WAIT_SECONDS,
        metavar="S",
        help="how long to wait for what is to come, at most (default: 20)",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    _add_up(commands, [common, as_json])

    down = commands.add_parser("down", parents=[common], help="end it; nothing but logs stays")
    down.set_defaults(run=_down)

    status = commands.add_parser("status", parents=[common, as_json], help="what runs, and where")
    status.set_defaults(run=_status)

    slash = commands.add_parser(
        "slash", parents=[common, person, as_json, waiting], help="type /sshq TEXT in Slack"
    )
    slash.add_argument("text", nargs="+", help='for example "run --instance ml.m5.large"')
    slash.add_argument("--in", dest="channel", metavar="CHANNEL", help="default: the bot's DM")
    slash.set_defaults(run=_slash)

    click = commands.add_parser(
        "click", parents=[common, person, as_json, waiting], help="press a button"
    )
    click.add_argument("label", help="the button's label, or its action id")
    click.add_argument(
        "fields",
        nargs="*",
        metavar="FIELD=VALUE",
        help="inputs beside it, by action id; several values: FIELD=A,B",
    )
    click.set_defaults(run=_click)

    submit = commands.add_parser(
        "submit", parents=[common, person, as_json, waiting], help="fill in and send the open modal"
    )
    submit.add_argument("fields", nargs="*", metavar="FIELD=VALUE", help="by action id")
    submit.set_defaults(run=_submit)

    redeliver = commands.add_parser(
        "redeliver",
        parents=[common, person, as_json, waiting],
        help="deliver a request of Slack's again",
    )
    redeliver.add_argument("request_id", help="the ack.request_id that `slash --json` printed")
    redeliver.add_argument("--fresh-signature", action="store_true", help="as Slack's retries are")
    redeliver.set_defaults(run=_redeliver)
    _add_interrupt(commands, [common])

    inbox = commands.add_parser(
        "inbox", parents=[common, person, as_json, waiting], help="what somebody sees in Slack"
    )
    inbox.add_argument("--until", default="", metavar="TEXT", help="wait for a message with TEXT")
    inbox.set_defaults(run=_inbox)

    calls = commands.add_parser(
        "calls", parents=[common, as_json], help="every AWS and Slack call, by whom"
    )
    calls.add_argument("--by", metavar="CALLER", help="a function, `you`, `job:NAME`, `bot` …")
    calls.add_argument("--operation", metavar="NAME", help="CreateTrainingJob, chat.postMessage …")
    calls.add_argument("--all", action="store_true", help="with deployment and queue polling")
    calls.set_defaults(run=_calls)

    clock = commands.add_parser("clock", parents=[common, as_json], help="move the bot's time on")
    clock.add_argument("step", help="+11m, +90s, +2h, +1d")
    clock.set_defaults(run=_clock)

    env = commands.add_parser(
        "env", parents=[common, as_json], help="variables for boto3 and the aws CLI"
    )
    env.set_defaults(run=_env)

    _add_user_command(commands, common)
    _add_fault_commands(commands, common, as_json)
    add_channel_commands(commands, common, as_json)
    return parser


def _add_user_command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
) -> None:
    user = commands.add_parser(
        "user", parents=[common], help="change an account in Slack, which tells the bot of it"
    )
    user.add_argument("name", help="alice, bob, carol …")
    user.add_argument("account", choices=sorted(_ACCOUNTS), help="what it is from now on")
    user.set_defaults(run=_user)


def _add_fault_commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
    as_json: argparse.ArgumentParser,
) -> None:
    fault = commands.add_parser("fault", help="plan what goes wrong")
    actions = fault.add_subparsers(metavar="ACTION", required=True)
    add = actions.add_parser("add", parents=[common], help="plan one")
    add.add_argument("operation", help="CreateTrainingJob, chat.postMessage, response_url …")
    add.add_argument(
        "kind",
        help="throttle, 5xx, denial, quota, capacity, timeout-before or -after, crash-before or -after",
    )
    add.add_argument("--nth", type=int, default=1, help="from the n-th call on (default: 1)")
    add.add_argument("--times", type=int, default=1, help="how often (default: 1)")
    add.add_argument("--by", metavar="CALLER", help="only this caller's calls")
    add.set_defaults(run=_fault_add)
    listing = actions.add_parser("list", parents=[common, as_json], help="show them")
    listing.set_defaults(run=_fault_list)
    clear = actions.add_parser("clear", parents=[common], help="forget them all")
    clear.set_defaults(run=_fault_clear)


def _up(options: argparse.Namespace) -> int:
    if options.detach:
        return _up_detached(options)
    import asyncio  # noqa: PLC0415 - the other commands do without all this
    import logging  # noqa: PLC0415

    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    from sshq_sandbox.lambda_host.intrinsics import TemplateError  # noqa: PLC0415
    from sshq_sandbox.lambda_host.template import find_template  # noqa: PLC0415
    from sshq_sandbox.supervisor import Wishes, run  # noqa: PLC0415

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    try:
        template = options.template or find_template(Path.cwd())
        parameters = dict(_parameter(word) for word in options.parameter)
        wishes = Wishes(
            options.state.absolute(), template.absolute(), options.port, parameters, options.region
        )
        asyncio.run(run(wishes, lambda facts: _announce(facts, as_json=options.json)))
    except (TemplateError, BotoCoreError, ClientError, FileNotFoundError) as error:
        raise StateError(str(error)) from error
    return 0


def _add_up(commands: Any, parents: list[argparse.ArgumentParser]) -> None:  # noqa: ANN401  argparse's type is private
    up = commands.add_parser("up", parents=parents, help="start the sandbox")
    up.add_argument("--port", type=int, help="public port (default: 8700, or a free one)")
    up.add_argument("--detach", action="store_true", help="run in the background")
    up.add_argument("--template", type=Path, help="template.yaml (default: here or above)")
    up.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the stack, as often as you like",
    )
    up.add_argument(
        "--region",
        default="eu-west-1",
        metavar="REGION",
        help="where in AWS it pretends to be (default: eu-west-1); cn-north-1 is in China's partition",
    )
    up.set_defaults(run=_up)


def _parameter(word: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals:
        raise StateError(f"--parameter {word}: write NAME=VALUE")
    return name, value


def _up_detached(options: argparse.Namespace) -> int:
    """Start the same command in a session of its own, and wait until it is ready or has failed."""
    folder = StateFolder(options.state.absolute())
    if folder.is_claimed():
        facts = folder.read()
        raise StateError(
            f"A sandbox is already running in {folder.path}"
            f"{f' (pid {facts.pid}, {facts.url})' if facts else ''}. End it: sshq-sandbox down"
        )
    folder.clear_leftovers()
    folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = [sys.executable, "-m", "sshq_sandbox.cli", "up", "--state", str(folder.path)]
    if options.port is not None:
        command += ["--port", str(options.port)]
    if options.template is not None:
        command += ["--template", str(options.template.absolute())]
    for word in options.parameter:
        command += ["--parameter", word]
    command += ["--region", options.region]
    log = folder.path / "supervisor.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if child.poll() is not None:
            told = log.read_text(encoding="utf-8", errors="replace").strip()
            raise StateError(told.removeprefix("sshq-sandbox: ") or f"It ended; see {log}.")
        facts = folder.read()
        if facts is not None:
            _warn_of_other_port(options.port, facts)
            _announce(facts, as_json=options.json)
            return 0
        time.sleep(_POLL_SECONDS)
    child.terminate()
    raise StateError(f"The sandbox wasn't ready within {_START_SECONDS:.0f} s; see {log}.")


def _warn_of_other_port(wanted: int | None, facts: SandboxFacts) -> None:
    if wanted is None and facts.port != DEFAULT_PORT:
        print(f"Port {DEFAULT_PORT} is taken; took {facts.port}.", file=sys.stderr)


def _announce(facts: SandboxFacts, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"url": facts.url, "port": facts.port, "pid": facts.pid}), flush=True)
    else:
        print(f"The sandbox is ready: {facts.url} (pid {facts.pid})", flush=True)


def _down(options: argparse.Namespace) -> int:
    folder = StateFolder(options.state)
    if not folder.is_claimed():
        left = folder.clear_leftovers()
        what = "It was already gone; its leftovers are removed." if left else "None is running."
        print(what)
        return 0
    facts = folder.read()
    try:
        ControlClient(options.state).post("/down")
    except (NotRunningError, RefusedError):
        # It holds the lock but doesn't answer: starting, or hanging.
        if facts is None:
            raise
        os.kill(facts.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while folder.is_claimed() and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS / 4)
    if folder.is_claimed() and facts is not None:
        # Its children notice by themselves that it has gone.
        with contextlib.suppress(ProcessLookupError):
            os.kill(facts.pid, signal.SIGKILL)
        folder.clear_leftovers()
        print(f"It didn't end within {_STOP_SECONDS:.0f} s and was killed.", file=sys.stderr)
        return _REFUSED
    print("The sandbox is down.")
    return 0


def _status(options: argparse.Namespace) -> int:
    status = ControlClient(options.state).get("/status")
    if options.json:
        _print_json(status)
        return 0
    print(f"running   pid {status['pid']}, template {status['template']}")
    print(f"public    {status['url']}")
    print(f"aws       {status['aws_url']} ({status['region']})")
    print(f"slack     {status['slack_url']}")
    print(f"ssm       {status['ssm_url']}")
    print(f"time      {status['now']} (moved by {status['clock_offset_seconds']:.0f} s)")
    for name, pids in status["functions"].items():
        print(f"function  {name}: {', '.join(map(str, pids)) or 'not started yet'}")
    print(f"bot       {'quiet' if status['quiet'] else 'at work'}")
    return 0


def _slash(options: argparse.Namespace) -> int:
    body = {"as": options.person, "text": " ".join(options.text), "channel": options.channel}
    return _act(options, "/slash", body)


def _click(options: argparse.Namespace) -> int:
    fields = {name: value.split(",") for name, value in _pairs(options.fields).items()}
    return _act(options, "/click", {"as": options.person, "label": options.label, "fields": fields})


def _user(options: argparse.Namespace) -> int:
    body = {"name": options.name, "flags": _ACCOUNTS[options.account]}
    ack = ControlClient(options.state).post("/people", body)
    print(f"{options.name} is {options.account}; the bot answered {ack['status']}")
    return 0


def _redeliver(options: argparse.Namespace) -> int:
    body = {"request_id": options.request_id, "fresh_signature": options.fresh_signature}
    return _act(options, "/redeliver", body)


def _add_interrupt(commands: Any, parents: list[argparse.ArgumentParser]) -> None:  # noqa: ANN401  argparse's type is private
    interrupt = commands.add_parser(
        "interrupt", parents=parents, help="take a spot job's instances back, as AWS does"
    )
    interrupt.add_argument("job", help="its whole name; it starts anew on other instances")
    interrupt.set_defaults(run=_interrupt)


def _interrupt(options: argparse.Namespace) -> int:
    ControlClient(options.state).post("/interrupt", {"job": options.job})
    print(f"The instances of {options.job} are taken back; SageMaker starts it anew on others.")
    return 0


def _submit(options: argparse.Namespace) -> int:
    fields = _pairs(options.fields)
    return _act(options, "/submit", {"as": options.person, "fields": fields})


def _pairs(words: Sequence[str]) -> dict[str, str]:
    fields = {}
    for pair in words:
        name, equals, value = pair.partition("=")
        if not equals:
            raise RefusedError(f"{pair!r} isn't FIELD=VALUE.")
        fields[name] = value
    return fields


def _act(options: argparse.Namespace, path: str, body: dict[str, Any]) -> int:
    """Do something in Slack, then show what arrives for that person until the bot is quiet."""
    client = ControlClient(options.state)
    seen = {_version(message) for message in _messages(client, options.person)}
    ack = client.post(path, body)
    if not options.json and ack["ok"]:
        print(f"acknowledged in {ack['ms']:.0f} ms")
    arrived: list[dict[str, Any]] = []
    deadline = time.monotonic() + options.wait
    while True:
        # Asked before the inbox is read: what a bot that is quiet has said, is there.
        quiet = client.get("/quiet")["quiet"]
        for message in _messages(client, options.person):
            if _version(message) not in seen:
                seen.add(_version(message))
                arrived.append(message)
                if not options.json:
                    _print_message(message)
        if quiet or time.monotonic() > deadline:
            break
        time.sleep(_POLL_SECONDS)
    modal = client.get("/inbox", **{"as": options.person})["modal"]
    if options.json:
        _print_json({"ack": ack, "messages": arrived, "modal": modal})
    elif modal:
        print(modal)
    if not ack["ok"]:
        print(f"sshq-sandbox: Slack says {ack['error']}.", file=sys.stderr)
        return _REFUSED
    return 0


def _inbox(options: argparse.Namespace) -> int:
    client = ControlClient(options.state)
    deadline = time.monotonic() + options.wait
    while True:
        found = client.get("/inbox", **{"as": options.person})
        has_come = any(options.until in message["text"] for message in found["messages"])
        if has_come or not options.until or time.monotonic() > deadline:
            break
        time.sleep(_POLL_SECONDS)
    code = 0 if has_come or not options.until else _REFUSED
    if options.json:
        _print_json(found)
        return code
    for message in found["messages"]:
        _print_message(message)
    if found["modal"]:
        print(found["modal"])
    if not found["messages"] and not found["modal"]:
        print("Nothing yet.")
    if code:
        print(f"sshq-sandbox: “{options.until}” didn't come in time.", file=sys.stderr)
    return code


def _calls(options: argparse.Namespace) -> int:
    query = {"by": options.by, "operation": options.operation, "all": "1" if options.all else None}
    given = {name: value for name, value in query.items() if value is not None}
    calls = ControlClient(options.state).get("/calls", **given)["calls"]
    if options.json:
        _print_json({"calls": calls})
        return 0
    for call in calls:
        name = f"{call['service']}:{call['operation']}"
        print(f"{call['at']} {call['caller']:<16} {name:<40} {call['status']} {call['error']}")
    return 0


def _clock(options: argparse.Namespace) -> int:
    answer = ControlClient(options.state).post("/clock", {"step": options.step})
    if options.json:
        _print_json(answer)
    else:
        print(f"It is {answer['now']}. Fired: {', '.join(answer['fired']) or 'nothing was due'}.")
    return 0


def _env(options: argparse.Namespace) -> int:
    variables = ControlClient(options.state).get("/env")
    if options.json:
        _print_json(variables)
        return 0
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def _fault_add(options: argparse.Namespace) -> int:
    names = ("operation", "kind", "nth", "times", "by")
    body = {name: getattr(options, name) for name in names}
    ControlClient(options.state).post("/faults", body)
    return 0


def _fault_list(options: argparse.Namespace) -> int:
    faults = ControlClient(options.state).get("/faults")["faults"]
    if options.json:
        _print_json({"faults": faults})
        return 0
    for fault in faults:
        who = f" by {fault['caller']}" if fault["caller"] else ""
        print(
            f"{fault['operation']} {fault['kind']}{who}: "
            f"call {fault['nth']}, {fault['times']} times ({fault['seen']} calls so far)"
        )
    return 0


def _fault_clear(options: argparse.Namespace) -> int:
    ControlClient(options.state).delete("/faults")
    return 0


def _messages(client: ControlClient, person: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = client.get("/inbox", **{"as": person})["messages"]
    return messages


def _version(message: dict[str, Any]) -> tuple[str, str, str | None]:
    return message["channel"], message["ts"], message["edited_ts"]


def _print_message(message: dict[str, Any]) -> None:
    marks = [message["channel"]]
    if message["only_you"]:
        marks.append("only visible to you")
    if message["edited_ts"]:
        marks.append("edited")
    print(f"── {', '.join(marks)}")
    print(message["text"])


def _print_json(value: Any) -> None:  # noqa: ANN401
    print(json.dumps(value, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    sys.exit(main())
