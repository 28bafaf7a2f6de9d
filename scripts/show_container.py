"""`make show-container`: the evidence for the container, made on the spot. Nothing here is remembered.

Root file systems: a bare one with busybox, and Debian's by debootstrap (kept under build/roots, made
anew when they are missing). Each container runs as root in namespaces of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sshq.chat.catalogue import texts  # noqa: E402
from sshq.chat.record_sentence import record_sentence  # noqa: E402
from sshq.domain.job_file import FailMode  # noqa: E402
from sshq.domain.records import StageRecord  # noqa: E402
from tests.root_container import (  # noqa: E402
    ACTIVATION_CODE,
    RootContainer,
    busybox_root,
    installed_wheels,
    python_root,
)
from tests.ssh_authority import Authority  # noqa: E402
from tests.waiting import until  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOTS = ROOT / "build" / "roots"
AUTHORITY = Authority()
CANARIES = (ACTIVATION_CODE, "canary-platform-secret", "canary-user-value")
_held: list[bool] = []


def main() -> int:
    """Show everything; the exit code says whether all of it held."""
    with tempfile.TemporaryDirectory(prefix="show-container-") as scratch:
        folder = Path(scratch)
        bare = busybox_root(folder / "busybox")
        no_sshd = busybox_root(folder / "busybox-without-sshd", sshd=False)
        time_to_ready(folder, bare)
        offline(folder, bare)
        secrets_stay(folder, bare)
        exit_codes(folder, bare)
        grace(folder, bare)
        comes_back(folder, bare)
        watchdogs(folder, bare)
        failed_start_up(folder, no_sshd)
        agent_is_pinned(folder, bare)
        in_the_sandbox(folder)
        mirror()
    _heading("all of it held" if all(_held) else "NOT all of it held")
    return 0 if all(_held) else 1


def time_to_ready(folder: Path, bare: Path) -> None:
    _heading(
        "time to ready by image kind: from the start to the record `ready`; then an SSH command"
    )
    kinds = [
        ("busybox, no bash, no Python; its own sshd; offline", bare, True, 5),
        ("Debian minbase with openssh-server; offline", debian("sshd", "openssh-server"), True, 5),
        ("Debian minbase, sshd installed by apt-get; online", debian("bare"), False, 1),
        (
            "busybox with Python, sshq's own server; offline",
            python_root(folder / "python"),
            True,
            3,
        ),
        ("Debian minbase with Python, apt-get out of reach", debian("python", "python3"), True, 1),
    ]
    wheels = installed_wheels(folder / "wheels")
    for kind, root, is_offline, repetitions in kinds:
        seconds: list[float] = []
        said, steps = "", list[str]()
        for repetition in range(repetitions):
            again = folder / f"ready-{len(_held)}-{repetition}"
            with started(again, root, offline=is_offline, wheels=wheels) as container:
                seconds.append(container.ready()["ms"] / 1000)
                identity = AUTHORITY.identity(container.folder / "alice", "the-job")
                said = container.ssh(identity, "echo hello from $(id -un)").stdout
                steps = [
                    f"{stage} {record['ms']} ms ({record['code'] or 'ok'})"
                    for stage in ("sshd", "agent", "register")
                    for record in container.records(stage)
                ]
        print(f"{statistics.median(seconds):6.2f} s  {kind} (median of {repetitions})")
        print(f"          the last: {', '.join(steps)}")
        _expect(said == "hello from root\n", f"ssh said: {said.strip()}")


def offline(folder: Path, bare: Path) -> None:
    _heading("the offline run: no network but loopback, the agent from the job's channel")
    with started(folder / "offline", bare) as container:
        container.ready()
        routes = container.inside("/bin/cat", "/proc/net/route").stdout.splitlines()[1:]
        for record in container.records():
            print(f"  {record_sentence(StageRecord.model_validate(record), texts('en'))}")
        _expect(
            not routes,
            f"routes out of the container: {len(routes)}",
        )
        _expect(
            container.records("agent")[0]["code"] == "mirrored", "the agent is the mirrored one"
        )


def secrets_stay(folder: Path, bare: Path) -> None:
    _heading("logs, arguments and files scanned for planted secrets")
    with started(
        folder / "secrets",
        bare,
        environment={"TOKEN": "canary-user-value"},
        shape={"command": "sleep 300"},
    ) as container:
        container.ready()
        scanned = {
            "what CloudWatch gets": container.output,
            "every process's arguments": container.inside(
                "/bin/sh", "-c", "cat /proc/[0-9]*/cmdline"
            ).stdout,
            "the logs in the container": "".join(
                log.read_text() for log in (container.ml / "sshq/log").iterdir()
            ),
        }
        for where, text in scanned.items():
            found = [canary for canary in CANARIES if canary in text]
            _expect(
                not found, f"{where} ({len(text)} bytes): {found or 'none of the three secrets'}"
            )
        left = container.inside("/bin/grep", "-r", "-l", ACTIVATION_CODE, "/opt/ml").stdout
        _expect(
            not left,
            f"files below /opt/ml with the activation code, once it is used: {left or 'none'}",
        )


def exit_codes(folder: Path, bare: Path) -> None:
    _heading("the command's exit code is the job's; it starts at once")
    with started(folder / "exit", bare, shape={"command": "echo it runs; exit 3"}) as container:
        code = container.wait()
        stages = [(r["stage"], r["code"]) for r in container.records()]
        print("  " + " → ".join(f"{stage} {code}".strip() for stage, code in stages))
        _expect(code == 3, f"`exit 3` makes the container exit with {code}")
    with started(folder / "killed", bare, shape={"command": "kill -9 $$"}) as container:
        _expect(container.wait() == 137, "a command that dies of SIGKILL gives 137")


def grace(folder: Path, bare: Path) -> None:
    _heading("SIGTERM reaches the user's command, with its grace time")
    saving = "trap 'sleep 5; echo saved the checkpoint; exit 0' TERM; echo up; while :; do sleep 0.1; done"
    with started(folder / "grace", bare, shape={"command": saving}) as container:
        until(lambda: "\nup\n" in container.output)
        began = time.monotonic()
        container.terminate()
        code = container.wait()
        took = time.monotonic() - began
        _expect(
            "saved the checkpoint" in container.output and code == 0 and took > 5,
            f"it saved for {took:.1f} s after SIGTERM and gave its own exit code, {code} (it has 110 s)",
        )


def comes_back(folder: Path, bare: Path) -> None:
    _heading("a killed sshd and a killed agent come back")
    with started(folder / "killed-services", bare) as container:
        container.ready()
        for service in ("sshd", "agent"):
            _kill(container, service)
        identity = AUTHORITY.identity(container.folder / "alice", "the-job")
        _expect(
            until(lambda: container.ssh(identity, "true").returncode == 0), "and SSH works again"
        )


def _kill(container: RootContainer, service: str) -> None:
    kept = container.ml / f"sshq/{service}.kept"
    first, began = kept.read_text().strip(), time.monotonic()
    container.inside("/bin/kill", "-9", first)
    until(lambda: kept.read_text().strip() not in {"", first})
    print(f"  {service}: killed {first}, back after {time.monotonic() - began:.1f} s")


def watchdogs(folder: Path, bare: Path) -> None:
    _heading("the watchdog: a deadline that the bot moved, and idleness though the bot is gone")
    with started(folder / "deadline", bare) as container:
        container.ready()
        container.inside("/bin/sh", "/opt/ml/sshq/verb.sh", "deadline", str(int(time.time()) + 2))
        code = container.wait()
        _expect(
            container.records("end")[-1]["code"] == "deadline" and code == 0,
            "verb `deadline` in 2 s: the container ended itself",
        )
    with (
        quiet_machine(folder) as binds,
        started(folder / "idle", bare, binds=binds, shape={"idle_seconds": 60}) as container,
    ):
        container.ready()
        began = time.monotonic()
        code = container.wait()
        activity = container.records("activity")[-1]["facts"]
        _expect(
            container.records("end")[-1]["code"] == "idle" and code == 0,
            f"a workbench that nobody uses ended after {time.monotonic() - began:.0f} s (its rule: 60 s); "
            f"its last minute: {json.dumps(activity)}",
        )


@contextlib.contextmanager
def quiet_machine(folder: Path) -> Iterator[list[tuple[str, str]]]:
    """This machine may be busy with other things: a container is shown one that idles."""
    stat, loadavg, over = folder / "stat", folder / "loadavg", threading.Event()
    loadavg.write_text("0.00 0.00 0.00 1/100 1\n")
    stat.write_text("cpu 0 0 0 0 0 0 0 0\n")

    def tick() -> None:
        ticks = 0
        while not over.wait(0.5):
            ticks += 200
            stat.write_text(f"cpu {ticks // 100} 0 0 {ticks} 0 0 0 0\n")

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield [(str(stat), "proc/stat"), (str(loadavg), "proc/loadavg")]
    finally:
        over.set()
        thread.join()


def failed_start_up(folder: Path, no_sshd: Path) -> None:
    _heading(
        "an image without an SSH server, without Python, with nothing to install one: both fail modes"
    )
    for mode in FailMode:
        with started(
            folder / f"fail-{mode.value}",
            no_sshd,
            shape={"command": "sleep 2; echo it runs", "fail_mode": mode},
        ) as container:
            code = container.wait()
            ran = "\nit runs\n" in container.output
            (ready,) = container.records("ready")
            print(f"  {record_sentence(StageRecord.model_validate(ready), texts('en'))}")
            _expect(
                ran is (mode is FailMode.RUN) and (code == 0) is ran,
                f"{mode.value}: the command ran: {ran}; exit code {code}",
            )


def agent_is_pinned(folder: Path, bare: Path) -> None:
    _heading("an agent that isn't the pinned one doesn't run; changed start-up files don't either")
    container = RootContainer(bare, _new(folder / "other-agent"), AUTHORITY)
    container.lay_out()
    for package in (container.ml / "input/data/sshq-agent").iterdir():
        package.write_bytes(package.read_bytes() + b"\0")
    container.run()
    (agent,) = until(lambda: container.records("agent"))
    container.close()
    code = agent["code"]
    _expect(code == "checksum_differs", f"one byte more in the agent's package: {code}")
    container = RootContainer(bare, _new(folder / "other-script"), AUTHORITY)
    container.lay_out()
    with (container.ml / "input/data/sshq-code/sshd.sh").open("a") as script:
        script.write("# changed\n")
    container.run()
    code = container.wait()
    _expect(
        code == 78 and not container.records(),
        f"one line more in sshd.sh: {container.output.strip()} (exit code {code})",
    )


def in_the_sandbox(folder: Path) -> None:
    _heading("in the sandbox: exit 3 fails the job with 3; boto3 in the job is the job role")
    environment = os.environ | {"SSHQ_SANDBOX_STATE": str(folder / "state")}

    def sandbox(*words: str) -> str:
        done = subprocess.run(
            (sys.executable, "-m", "sshq_sandbox.cli", *words),
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

    sandbox("up", "--detach")
    try:
        sandbox("slash", "--as", "admin", "setup")
        sandbox("click", "--as", "admin", "Confirm")
        sandbox("slash", "--as", "admin", "add-user @alice")
        ask = "import boto3; print('I am', boto3.client('sts').get_caller_identity()['Arn'])"
        command = f'run --name three --command "sleep 3; python -c \\"{ask}\\"; exit 3"'
        said = sandbox("slash", "--as", "alice", command)
        job = re.search(r"sshq-alice-three-\w+", said)
        shown = sandbox("inbox", "--as", "alice", "--until", "exit code: 3", "--wait", "60")
        _expect(
            job is not None and "exit code: 3" in shown,
            f"{job and job[0]}: {_line(shown, 'exit code: 3')}",
        )
        logs = _logs_of(str(job and job[0]), sandbox("env"))
        _expect("sshhelper-for-sagemaker-role" in logs, _line(logs, "I am"))
    finally:
        sandbox("down")


def _logs_of(job: str, exports: str) -> str:
    """What CloudWatch has of the job, read as a person with AWS keys reads it."""
    variables = dict(re.findall(r"^export (\w+)='?([^'\n]*)'?$", exports, re.MULTILINE))
    group = "/aws/sagemaker/TrainingJobs"
    script = (
        f"import boto3, sys; logs, group = boto3.client('logs'), '{group}'\n"
        "found = logs.filter_log_events(logGroupName=group, logStreamNamePrefix=sys.argv[1])\n"
        "print('\\n'.join(event['message'] for event in found['events']))"
    )
    done = subprocess.run(
        (sys.executable, "-c", script, job),
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def mirror() -> None:
    _heading("setup mirrors the agent: AWS's key, a loopback source, a touched package")
    for words in (
        ("tests/unit/core/domain/test_openpgp.py",),
        ("tests/integration/core/adapters/test_agent_mirror.py",),
    ):
        done = subprocess.run(
            (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", *words),
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        _expect(done.returncode == 0, f"{words[0]}: {done.stdout.strip().splitlines()[-1]}")


def debian(name: str, *packages: str) -> Path:
    """A root file system by debootstrap, from where this machine's apt takes its packages."""
    root = ROOTS / f"debian-{name}"
    if not root.exists():
        print(f"(debootstrap makes {root.relative_to(ROOT)}, once)", flush=True)
        making = ROOTS / f"{root.name}.new"
        shutil.rmtree(making, ignore_errors=True)
        include = (f"--include={','.join(packages)}",) if packages else ()
        suite, mirror = _apt_source()
        subprocess.run(
            ("debootstrap", "--variant=minbase", *include, suite, str(making), mirror),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        making.rename(root)
    return root


def _apt_source() -> tuple[str, str]:
    text = "\n".join(
        path.read_text()
        for path in sorted(Path("/etc/apt").rglob("*"))
        if path.suffix in {".list", ".sources"}
    )
    new = re.search(r"^URIs: *(\S+)\n(?:.*\n)*?Suites: *(\S+)", text, re.MULTILINE)
    if new:
        return new[2], new[1]
    old = re.search(r"^deb (?:\[.*?\] )?(\S+) (\S+)", text, re.MULTILINE)
    if old is None:
        raise SystemExit("apt on this machine names no source for debootstrap")
    return old[2], old[1]


@contextlib.contextmanager
def started(folder: Path, root: Path, **options: Any) -> Iterator[RootContainer]:  # noqa: ANN401
    """A container that is running, and gone afterwards."""
    if not options.get("offline", True):
        options["binds"] = [("/etc/resolv.conf", "etc/resolv.conf")]
    container = RootContainer(root, _new(folder), AUTHORITY, **options)
    container.start()
    try:
        yield container
    finally:
        container.close()


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _expect(held: bool, words: str) -> None:
    _held.append(held)
    print(f"  {'ok ' if held else 'NOT'}  {words}", flush=True)


def _line(text: str, word: str) -> str:
    return next(
        (line.strip() for line in text.splitlines() if word in line), f"nothing with “{word}”"
    )


def _heading(title: str) -> None:
    print(f"\n== {title}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
