"""`/sshq help`, made from the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sshq.chat.mrkdwn import escape
from sshq.chat.registry import AREAS, BY_VERB, near_commands
from sshq.chat.view import View
from sshq.chat.views.blocks import header, section
from sshq.domain.authorisation import ADMINS
from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from sshq.chat.catalogue import Texts
    from sshq.chat.command import Command


def help_text(topic: str | None, texts: Texts) -> View:
    """All commands by area, or one of them with its options and examples."""
    if topic is None:
        title = texts.plain("help.title")
        bodies = [_area(name, commands, texts) for name, commands in AREAS.items()]
        bodies.append(texts.mrkdwn("help.more"))
    else:
        command = BY_VERB.get(topic.lower())
        if command is None or not command.typed:
            raise Refusal(Reason.UNKNOWN_COMMAND, command=topic, near=near_commands(topic.lower()))
        title, bodies = f"/sshq {command.verb}", [_details(command, texts)]
    return View(text="\n\n".join([title, *bodies]), blocks=(header(title), *map(section, bodies)))


def _area(name: str, commands: tuple[Command, ...], texts: Texts) -> str:
    lines = [_line(command, texts) for command in commands if command.typed]
    return "\n".join([f"*{texts.mrkdwn(f'area.{name}')}*", *lines])


def _line(command: Command, texts: Texts) -> str:
    summary = texts.mrkdwn(f"command.{command.verb}")
    admins = f" _({texts.mrkdwn('help.admins-only')})_" if command.who in ADMINS else ""
    return f"`/sshq {command.verb}`  {summary}{admins}"


def _details(command: Command, texts: Texts) -> str:
    lines = [texts.mrkdwn(f"command.{command.verb}"), ""]
    lines.append(f"*{texts.mrkdwn('help.usage')}*  `{escape(command.usage)}`")
    lines += [
        f"• `{p.flag or p.metavar}`  {texts.mrkdwn(f'parameter.{p.name}')}"
        for p in command.parameters
    ]
    lines.append(f"*{texts.mrkdwn('help.examples')}*")
    lines += [f"• `{escape(example)}`" for example in command.examples]
    return "\n".join(lines)
