"""Completion scripts for four shells, made from the commands' own parsers.

Own code rather than shtab (1.7: bash, zsh and tcsh, no fish, no PowerShell), and nothing is imported
while ssh or a command starts. Jobs are asked for when Tab is pressed: `sshq-local ls --names`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sshq_local.cli import COMMANDS
from sshq_local.language import text
from sshq_local.parser import parser_for

if TYPE_CHECKING:
    from collections.abc import Callable

_JOBS = frozenset({"JOB", "TICKET|JOB"})
_FILES = frozenset({"FILE", "DIR", "FOLDER", "SOURCE", "TARGET"})

_IN_BRACKETS = {ord("["): "(", ord("]"): ")", ord(":"): " "}
"""What zsh's _arguments would take for its own in a description."""


@dataclass(frozen=True)
class Option:
    """One option: all its names, and whether a value follows."""

    names: tuple[str, ...]
    summary: str
    takes_value: bool


@dataclass(frozen=True)
class Described:
    """A command as completion sees it. wants: what its positionals are, `jobs`, `files` or a choice."""

    name: str
    summary: str
    options: tuple[Option, ...]
    wants_jobs: bool
    wants_files: bool
    choices: tuple[str, ...]


def described(command: str) -> Described:
    """Read one command's parser."""
    parser, _ = parser_for(command)
    options, jobs, files = [], False, False
    choices: tuple[str, ...] = ()
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to read its own tree
        if action.option_strings:
            takes_value = action.nargs != 0
            summary = " ".join((action.help or "").split()).replace(
                "%(default)s", str(action.default)
            )
            options.append(Option(tuple(action.option_strings), summary, takes_value))
            continue
        metavar = str(action.metavar)
        jobs = jobs or metavar in _JOBS
        files = files or metavar in _FILES
        choices += tuple(map(str, action.choices or ()))
    return Described(command, text(f"overview.{command}"), tuple(options), jobs, files, choices)


def script(shell: str) -> str:
    """The script for `bash`, `zsh`, `fish` or `powershell`."""
    return SHELLS[shell]([described(command) for command in COMMANDS])


def _bash(commands: list[Described]) -> str:
    cases = []
    for command in commands:
        words = " ".join([*(n for o in command.options for n in o.names), *command.choices])
        valued = "|".join(n for o in command.options if o.takes_value for n in o.names) or "-"
        lines = [f"    {command.name})", f'      words="{words}"', f'      valued="{valued}"']
        if command.wants_jobs:
            lines.append('      jobs="yes"')
        if command.wants_files:
            lines.append('      files="yes"')
        cases.append("\n".join([*lines, "      ;;"]))
    names = " ".join(command.name for command in commands)
    return f"""\
# bash completion for sshq-local: eval "$(sshq-local completion bash)"
_sshq_local() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}"
  local words="" valued="-" jobs="" files="" word
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{names} --help --version" -- "$current"))
    return
  fi
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    if [ "$word" = "--" ]; then compopt -o default 2>/dev/null; return; fi
  done
  case "${{COMP_WORDS[1]}}" in
{chr(10).join(cases)}
    *) return ;;
  esac
  case "|$valued|" in
    *"|$previous|"*) compopt -o default 2>/dev/null; return ;;
  esac
  if [ -n "$jobs" ] && [ "${{current#-}}" = "$current" ]; then
    words="$(sshq-local ls --names 2>/dev/null)"
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ -n "$files" ]; then compopt -o default 2>/dev/null; fi
}}
complete -F _sshq_local sshq-local
"""


def _zsh(commands: list[Described]) -> str:
    def quoted(line: str) -> str:
        return "'" + line.replace("'", "'\\''") + "'"

    names = "\n".join(
        f"    {quoted(f'{command.name}:' + command.summary.replace(':', chr(92) + ':'))}"
        for command in commands
    )
    cases = []
    for command in commands:
        specs = []
        for option in command.options:
            summary = option.summary.translate(_IN_BRACKETS)
            value = ":value:_files" if option.takes_value else ""
            specs += [quoted(f"*{name}[{summary}]{value}") for name in option.names]
        if command.choices:
            specs.append(quoted(f"1: :({' '.join(command.choices)})"))
        elif command.wants_jobs:
            specs.append(quoted("1:job:_sshq_local_jobs"))
        rest = "_files" if command.wants_files else "_default"
        specs.append(quoted(f"*: :{rest}"))
        cases.append(
            f"    {command.name})\n      _arguments -S " + " \\\n        ".join(specs) + " ;;"
        )
    return f"""\
#compdef sshq-local
# zsh completion for sshq-local: eval "$(sshq-local completion zsh)"
_sshq_local_jobs() {{
  local -a jobs
  jobs=(${{(f)"$(sshq-local ls --names 2>/dev/null)"}})
  compadd -a jobs
}}
_sshq_local() {{
  local -a commands
  commands=(
{names}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$command" in
{chr(10).join(cases)}
  esac
}}
if [[ "$funcstack[1]" = "_sshq-local" ]]; then
  _sshq_local "$@"  # a file in fpath is loaded by the first Tab, which wants an answer, too
else
  compdef _sshq_local sshq-local
fi
"""


def _fish(commands: list[Described]) -> str:
    def quoted(line: str) -> str:
        return "'" + line.replace("\\", "\\\\").replace("'", "\\'") + "'"

    lines = [
        "# fish completion for sshq-local: sshq-local completion fish | source",
        "complete -c sshq-local -f",
        "complete -c sshq-local -n __fish_use_subcommand -l help -l version",
    ]
    for command in commands:
        lines.append(
            f"complete -c sshq-local -n __fish_use_subcommand -a {command.name} "
            f"-d {quoted(command.summary)}"
        )
        here = f"complete -c sshq-local -n '__fish_seen_subcommand_from {command.name}'"
        for option in command.options:
            names = " ".join(
                f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"
                for name in option.names
            )
            value = " -r" if option.takes_value else ""
            lines.append(f"{here} {names}{value} -d {quoted(option.summary)}")
        if command.wants_jobs:
            lines.append(f"{here} -a '(sshq-local ls --names 2>/dev/null)'")
        if command.wants_files:
            lines.append(f"{here} -F")
        lines += [f"{here} -a {choice}" for choice in command.choices]
    return "\n".join(lines) + "\n"


def _powershell(commands: list[Described]) -> str:
    def quoted(line: str) -> str:
        return "'" + line.replace("'", "''") + "'"

    names = "\n".join(f"    {quoted(c.name)} = {quoted(c.summary)}" for c in commands)
    options = []
    for command in commands:
        # Its hash tables know no case: -L and -l would be one key, and a repeated key an error.
        pairs = {n.lower(): (n, option.summary) for option in command.options for n in option.names}
        pairs |= {choice.lower(): (choice, choice) for choice in command.choices}
        table = "; ".join(f"{quoted(name)} = {quoted(summary)}" for name, summary in pairs.values())
        options.append(f"    {quoted(command.name)} = @{{ {table} }}")
    jobs = ", ".join(quoted(command.name) for command in commands if command.wants_jobs)
    return f"""\
# PowerShell completion for sshq-local: sshq-local completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName sshq-local -ScriptBlock {{
  param($word, $line, $position)
  $commands = [ordered]@{{
{names}
  }}
  $options = @{{
{chr(10).join(options)}
  }}
  $withJobs = @({jobs})
  $typed = @($line.CommandElements | ForEach-Object {{ $_.ToString() }})
  $command = if ($typed.Count -gt 1) {{ $typed[1] }} else {{ '' }}
  if ($typed.Count -lt 2 -or ($typed.Count -eq 2 -and $word -ne '')) {{
    $found = $commands.GetEnumerator()
  }} else {{
    $found = if ($options.ContainsKey($command)) {{ $options[$command].GetEnumerator() }} else {{ @() }}
    if ($withJobs -contains $command -and -not $word.StartsWith('-')) {{
      $found = sshq-local ls --names 2>$null | ForEach-Object {{ @{{ Key = $_; Value = $_ }} }}
    }}
  }}
  $found | Where-Object {{ $_.Key -like "$word*" }} | Sort-Object {{ $_.Key }} | ForEach-Object {{
    [System.Management.Automation.CompletionResult]::new($_.Key, $_.Key, 'ParameterValue', $_.Value)
  }}
}}
"""


SHELLS: dict[str, Callable[[list[Described]], str]] = {
    "bash": _bash,
    "zsh": _zsh,
    "fish": _fish,
    "powershell": _powershell,
}
"""By the name that a person gives."""
