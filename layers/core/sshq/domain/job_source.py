"""Where a job's code comes from (`--source`), and the shell lines that put it in place.

`s3://…` becomes an input channel, which SageMaker downloads; `git+https://…@ref` is cloned in the
container, so the image needs git and the job a way to that host.
"""

from __future__ import annotations

import re
import shlex

from sshq.domain.misfits import Misfit

CHANNEL = "source"
_S3 = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[^\s?#]*)?")
_GIT = re.compile(
    r"git\+(?P<url>https://[A-Za-z0-9.-]+(?::\d+)?/[A-Za-z0-9._~/-]+?)(?:@(?P<ref>[^@\s]+))?"
)
# git check-ref-format, as far as it matters; a leading dash would be an option.
_REF = re.compile(r"(?!.*\.\.)[A-Za-z0-9_][A-Za-z0-9._/+-]*")
_ARCHIVES = (".tar.gz", ".tgz")
# SSHQ_HOME is `<ml>/sshq`; the folder of the code is beside the model and the input.
_ML = '"${SSHQ_HOME%/sshq}"'
# What start.sh does for a workbench, when there is code to fetch before: wait, and end well.
_WAIT = "trap 'exit 0' TERM; while :; do sleep 3600 & wait $!; done"


def check_source(source: str) -> str:
    """The source as it was given; Misfit for what is none."""
    if _S3.fullmatch(source):
        return source
    found = _GIT.fullmatch(source)
    if found is None:
        if "@" in source.partition("://")[2].partition("/")[0]:
            raise Misfit("source-with-token")
        raise Misfit("source")
    if found["ref"] and not _REF.fullmatch(found["ref"]):
        raise Misfit("source-ref", ref=found["ref"])
    return source


def s3_channel(source: str) -> str | None:
    """The S3 address that becomes the channel `source`; None for git."""
    return source if source.startswith("s3://") else None


def command_with_source(source: str, command: str) -> str:
    """The command that runs in the source's folder; for a workbench, one that fetches and waits."""
    if not source:
        return command
    fetch = _fetch(source)
    if not command:
        # SageMaker has put an S3 folder in place: nothing is left to do but to wait.
        return "" if fetch is None else f"{fetch} && {{ {_WAIT}; }}"
    folder = f"{_ML}/input/data/{CHANNEL}" if fetch is None else f"{_ML}/{CHANNEL}"
    first = "" if fetch is None else f"{fetch} && "
    return f"{first}cd {folder} && {{\n{command}\n}}"


def _fetch(source: str) -> str | None:
    if source.endswith(_ARCHIVES) and source.startswith("s3://"):
        name = shlex.quote(source.rpartition("/")[2])
        archive = f"{_ML}/input/data/{CHANNEL}/{name}"
        return f"mkdir -p {_ML}/{CHANNEL} && tar -xzf {archive} -C {_ML}/{CHANNEL}"
    found = _GIT.fullmatch(source)
    if found is None:
        return None
    folder, url = f"{_ML}/{CHANNEL}", shlex.quote(found["url"])
    # fetch takes a branch, a tag or a whole commit id; clone --branch takes no commit.
    ref = shlex.quote(found["ref"] or "HEAD")
    return (
        f"git init -q {folder} && git -C {folder} fetch -q --depth 1 {url} {ref}"
        f" && git -C {folder} checkout -q FETCH_HEAD"
    )
