"""Takes sshd's command line and configuration: `[-t] [-D] [-e] [-p PORT] -f CONFIG`, or `-V`; and
`-K FILE -C COMMENT` makes a host key, as ssh-keygen does.

Of sshd_config it knows what start.sh
writes; certificates of the trusted CA are the only way in. It logs to stderr.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import pwd
import shlex
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh

from .session import run_session

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

_log = logging.getLogger("sshd")


def main(arguments: Sequence[str]) -> int:
    """Serve until SIGTERM. 255, as sshd, if the configuration is no good."""
    options = _options(arguments)
    if options.version:
        print(f"AsyncSSH_{asyncssh.__version__}", file=sys.stderr)  # noqa: T201
        return 0
    if options.new_key:
        key = asyncssh.generate_private_key("ssh-ed25519", comment=options.comment)
        key.write_private_key(options.new_key)
        key.write_public_key(f"{options.new_key}.pub")
        return 0
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        configuration = read_configuration(Path(options.file).read_text(), options.port)
        trusted = _trusted(configuration)
        host_key = asyncssh.read_private_key(configuration.host_key)
    except (OSError, ValueError, KeyError, asyncssh.KeyImportError) as error:
        _log.error("%s: %s", options.file, error)
        return 255
    if not options.test:
        with configuration.pid_file.open("w") as pid_file:
            _become(configuration.users)
            home = Path(os.environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir)
            os.chdir(home if home.is_dir() else "/")  # where sftp and scp begin
            asyncio.run(_serve(configuration, trusted, host_key, pid_file))
    return 0


def _become(users: frozenset[str]) -> None:
    """Everything here, files included, is done as the one user who may log in."""
    (name,) = users
    account = pwd.getpwnam(name)
    if account.pw_uid != os.getuid():
        os.initgroups(name, account.pw_gid)
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
        os.environ["HOME"] = account.pw_dir


@dataclass(frozen=True)
class Configuration:
    """The directives that matter here."""

    port: int
    host: str
    host_key: Path
    pid_file: Path
    ca_keys: Path
    principals: Path
    users: frozenset[str]
    environment: dict[str, str]
    alive_interval: int
    alive_count: int


def read_configuration(text: str, port: int | None = None) -> Configuration:
    """Read sshd_config; `port` overrides its own. KeyError names a directive that is missing."""
    directives: dict[str, list[str]] = {}
    for line in text.splitlines():
        # Inside double quotes only \\ and \" are escapes, for sshd as for a shell.
        words = shlex.split(line, comments=line.lstrip().startswith("#"))
        if words:
            directives.setdefault(words[0], words[1:])
    return Configuration(
        port=port if port is not None else int(directives["Port"][0]),
        host=directives["ListenAddress"][0],
        host_key=Path(directives["HostKey"][0]),
        pid_file=Path(directives["PidFile"][0]),
        ca_keys=Path(directives["TrustedUserCAKeys"][0]),
        principals=Path(directives["AuthorizedPrincipalsFile"][0].replace("%%", "%")),
        users=frozenset(directives["AllowUsers"]),
        environment=dict(pair.split("=", 1) for pair in directives.get("SetEnv", [])),
        alive_interval=int(directives["ClientAliveInterval"][0]),
        alive_count=int(directives["ClientAliveCountMax"][0]),
    )


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sshd")
    parser.add_argument("-V", dest="version", action="store_true")
    parser.add_argument("-t", dest="test", action="store_true")
    parser.add_argument("-D", dest="foreground", action="store_true")
    parser.add_argument("-e", dest="log_to_stderr", action="store_true")
    parser.add_argument("-p", dest="port", type=int)
    parser.add_argument("-K", dest="new_key")
    parser.add_argument("-C", dest="comment")
    parser.add_argument("-f", dest="file", default="/etc/ssh/sshd_config")
    return parser.parse_args(arguments)


def _trusted(configuration: Configuration) -> asyncssh.SSHAuthorizedKeys:
    """Our CA's keys as authorized_keys has them: for these principals, and as an authority only."""
    principals = ",".join(configuration.principals.read_text().split())
    keys = [line for line in configuration.ca_keys.read_text().splitlines() if line.strip()]
    return asyncssh.import_authorized_keys(
        "".join(f'cert-authority,principals="{principals}" {key}\n' for key in keys)
    )


class _Server(asyncssh.SSHServer):
    def __init__(self, configuration: Configuration, trusted: asyncssh.SSHAuthorizedKeys) -> None:
        self._configuration = configuration
        self._trusted = trusted
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        # Whoever isn't allowed meets an empty list of keys, and so is refused like anyone else.
        if username in self._configuration.users and self._connection is not None:
            self._connection.set_authorized_keys(self._trusted)
        return True

    def auth_completed(self) -> None:
        if self._connection is not None:
            user = self._connection.get_extra_info("username")
            _log.info("Accepted publickey for %s", user)

    def connection_requested(
        self,
        dest_host: str,  # noqa: ARG002  (whatever the container reaches may be reached)
        dest_port: int,  # noqa: ARG002
        orig_host: str,  # noqa: ARG002
        orig_port: int,  # noqa: ARG002
    ) -> bool:
        return True

    def server_requested(
        self,
        listen_host: str,  # noqa: ARG002
        listen_port: int,  # noqa: ARG002
    ) -> bool:
        return True


class _Files(asyncssh.SFTPServer):
    def exit(self) -> None:
        # scp takes a channel that closes without an exit status for a failure.
        self.channel.exit(0)


async def _serve(
    configuration: Configuration,
    trusted: asyncssh.SSHAuthorizedKeys,
    host_key: asyncssh.SSHKey,
    pid_file: TextIO,
) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    acceptor = await asyncssh.create_server(
        lambda: _Server(configuration, trusted),
        configuration.host,
        configuration.port,
        server_host_keys=[host_key],
        process_factory=lambda process: run_session(process, configuration.environment),
        encoding=None,
        sftp_factory=_Files,
        allow_scp=True,
        line_editor=False,
        password_auth=False,
        kbdint_auth=False,
        keepalive_interval=configuration.alive_interval,
        keepalive_count_max=configuration.alive_count,
    )
    pid_file.write(f"{os.getpid()}\n")
    pid_file.flush()
    _log.info("Server listening on %s port %d.", configuration.host, configuration.port)
    try:
        await ended.wait()
    finally:
        with suppress(OSError):
            configuration.pid_file.unlink()
        acceptor.close()
