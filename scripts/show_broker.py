"""`make show-broker`: the evidence for the broker, made on the spot. Nothing here is remembered."""

from __future__ import annotations

import json
import logging
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sshq.domain import tickets  # noqa: E402  the path comes first
from tests.core_api import Door  # noqa: E402
from tests.core_broker import a_ticket, redeemed  # noqa: E402
from tests.core_services import MovedClock  # noqa: E402
from tests.security.threats import table  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TIMES = int(os.environ.get("SSHQ_SHOW_TIMES", "10000"))
API_EXAMPLES = os.environ.get("SSHQ_API_EXAMPLES", "100")
SEED = 20261125
CONTAINER = "tests/integration/core/container/"
REVOKED_SECONDS = 10.0


class _Standing(MovedClock):
    """The waits are noted, not made."""

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class _Ticking(MovedClock):
    """The waits are made."""

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def monotonic(self) -> float:
        return time.monotonic()


def main() -> int:
    """Show everything; the exit code says whether all of it held."""
    logging.disable(logging.CRITICAL)
    held = [
        _threats(),
        _tickets(),
        _real_times(),
        _signed_requests(),
        _pytest(
            "a real sshd: expired, another principal, another CA, a bare key; the CA's rotation",
            f"{CONTAINER}test_ssh.py::test_another_certificate_is_refused",
            f"{CONTAINER}test_ssh.py::test_another_ca_or_a_bare_key_is_refused",
            f"{CONTAINER}test_ca_rotation.py",
        ),
        _pytest(
            "a changed host key, refused by the client",
            "tests/integration/local_client/test_with_sshd.py::"
            "test_a_machine_with_another_host_key_is_refused",
        ),
        _pytest(
            f"schemathesis against the OpenAPI document, {API_EXAMPLES} examples an operation",
            "tests/security/test_openapi.py",
        ),
        _pytest(
            "100 keys at once on one ticket; conditions in the table; revocation, AWS throttling",
            "tests/integration/core/adapters/test_leases.py",
            "tests/e2e/test_revocation.py",
        ),
        _bench(),
        _rules(),
    ]
    _heading("all of it held" if all(held) else "NOT all of it held")
    return 0 if all(held) else 1


def _threats() -> bool:
    _heading("the threats of the broker, their rules and tests")
    print(table())
    return True


def _tickets() -> bool:
    """Random and mutated codes, each from a source of its own; how long each kind is worked on."""
    _heading(f"{TIMES} random and mutated tickets, refused")
    chance = random.Random(SEED)  # noqa: S311  examples, not secrets
    clock = _Standing()
    door = Door(clock)
    # The tests' tickets are counted up; these are far apart, as real ones.
    good = tickets.ticket_code(chance.randbytes(20))
    now = clock.now()
    door.services.tickets.add(
        tickets.issue(code=good, job=door.job.name, owner=door.job.owner, now=now)
    )
    kinds: dict[str, Callable[[], str]] = {
        "random": lambda: tickets.ticket_code(chance.randbytes(20)),
        "one character changed": lambda: _changed(chance, good),
        "cut or longer": lambda: good[: chance.randrange(32)] + "0" * chance.randrange(12),
        "any text": lambda: "".join(chr(chance.randrange(32, 0x2FFF)) for _ in range(20)),
    }
    answers: set[tuple[int, bytes]] = set()
    worked: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(TIMES):
        kind = list(kinds)[number % len(kinds)]
        before, began = len(clock.slept), time.perf_counter()
        status, _, body = _redeem(door, kinds[kind](), source=f"10.{number >> 8}.{number & 255}.9")
        worked[kind].append(time.perf_counter() - began)
        answers.add((status, body))
        if len(clock.slept) != before + 1:
            print(f"{kind}: it wasn't kept waiting")
            return False
    for kind, seconds in worked.items():
        print(f"  {kind:<24} {len(seconds):>5} ×, {_spread(seconds)} before the wait")
    leases = len(door.services.leases.all)
    print(f"different answers: {len(answers)} ({next(iter(answers))[0]}); leases: {leases}")
    status, _, _ = _redeem(door, good, source="10.255.255.1")
    print(f"and the ticket that all of them were made from is still good: {status}")
    return len(answers) == 1 and leases == 0 and status == 200


def _real_times() -> bool:
    """The wait itself, on a real clock: how long each kind of refusal takes from outside."""
    _heading("wrong, unknown, expired and used tickets, by the clock")
    door = Door(_Ticking())
    used, expired = (a_ticket(door.services, door.job) for _ in range(2))
    redeemed(door.services, used)
    stored = door.services.tickets.all[tickets.fingerprint(expired)]
    long_ago = {"expires_at": stored.issued_at}
    door.services.tickets.all[stored.fingerprint] = stored.model_copy(update=long_ago)
    medians: dict[str, float] = {}
    for kind, code in (
        ("wrong", "no ticket"), ("unknown", "0" * 32), ("expired", expired), ("used", used)
    ):  # fmt: skip
        seconds = []
        for number in range(12):
            began = time.perf_counter()
            status, _, _ = _redeem(door, code, source=f"10.1.{number}.{len(medians)}")
            seconds.append(time.perf_counter() - began)
            if status != 404:
                return False
        medians[kind] = statistics.median(seconds)
        print(f"  {kind:<24} {_spread(seconds)}")
    apart = max(medians.values()) - min(medians.values())
    print(
        f"medians apart by {apart * 1000:.1f} ms of {statistics.mean(medians.values()) * 1000:.0f}"
    )
    return apart < 0.1


def _signed_requests() -> bool:
    """A valid request with one thing changed: header, body, method or path."""
    _heading(f"{TIMES} mutated signed requests, refused")
    chance = random.Random(SEED)  # noqa: S311
    door = Door()
    lease = door.lease().id
    path, body = f"/v1/leases/{lease}/sessions", b'{"rank": 0}'
    statuses: dict[int, int] = {}
    seconds: dict[int, list[float]] = {}
    for _ in range(TIMES):
        headers = door.headers("POST", path, body, lease)
        mutated = _mutated(chance, path, body, headers)
        began = time.perf_counter()
        status, _, _ = door.call(*mutated)
        seconds.setdefault(status, []).append(time.perf_counter() - began)
        statuses[status] = statuses.get(status, 0) + 1
    for status, count in sorted(statuses.items()):
        print(f"  {status}: {count:>5} ×, {_spread(seconds[status])}")
    started = len(door.services.sessions.started)
    print(f"sessions that were started: {started}")
    status, _, _ = door.signed("POST", path, body, lease)
    print(f"and the request as it was: {status}")
    return started == 0 and not any(s < 400 or s >= 500 for s in statuses) and status == 201


def _mutated(
    chance: random.Random, path: str, body: bytes, headers: dict[str, str]
) -> tuple[str, str, bytes, dict[str, str]]:
    what = chance.choice(
        ["Signature", "Signature-Input", "Content-Digest", "body", "path", "method"]
    )
    if what == "body":
        return "POST", path, _bits(chance, body), headers
    if what == "path":
        return "POST", _changed(chance, path), body, headers
    if what == "method":
        return chance.choice(["GET", "PUT", "DELETE", "PATCH"]), path, body, headers
    if chance.random() < 0.2:
        return "POST", path, body, {k: v for k, v in headers.items() if k != what}
    return "POST", path, body, headers | {what: _meant(chance, headers[what])}


def _meant(chance: random.Random, value: str) -> str:
    """Another value. The last character of base64 has bits that mean nothing: it is left alone."""
    at = chance.randrange(len(value))
    while value[at] in "=:" or value[at + 1 : at + 2] in ("=", ":"):
        at = chance.randrange(len(value))
    # Spaces between parameters mean nothing either.
    other = chance.choice([c for c in "abcXYZ0189-_.~" if c != value[at]])
    return value[:at] + other + value[at + 1 :]


def _bits(chance: random.Random, body: bytes) -> bytes:
    at = chance.randrange(len(body) * 8)
    changed = bytearray(body)
    changed[at // 8] ^= 1 << at % 8
    return bytes(changed)


def _changed(chance: random.Random, text: str) -> str:
    """One letter or digit of it is another one (of the letters that tickets know)."""
    at = chance.choice([n for n, c in enumerate(text) if c.isalnum()])
    same = {text[at], text[at].upper(), text[at].lower()}
    other = chance.choice([c for c in "23456789ABCDEFGHJKMNPQRSTVWXYZ" if c not in same])
    return text[:at] + other + text[at + 1 :]


def _redeem(door: Door, code: str, *, source: str) -> tuple[int, dict[str, str], bytes]:
    body = json.dumps({"ticket": code[:64], "public_key": door.public_key}).encode()
    headers = door.headers("POST", "/v1/redeem", body, "redeem")
    return door.call("POST", "/v1/redeem", body, headers, source=source)


def _spread(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    middle, high = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    return f"median {middle * 1000:.1f} ms, 99 % within {high * 1000:.1f} ms"


def _pytest(title: str, *tests: str) -> bool:
    _heading(title)
    done = subprocess.run(
        (
            sys.executable,
            "-m",
            "pytest",
            "-v",
            "-s",
            "--no-header",
            "-p",
            "no:cacheprovider",
            *tests,
        ),
        cwd=ROOT,
        env=os.environ | {"SSHQ_API_EXAMPLES": API_EXAMPLES, "SSHQ_NO_SKIPS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    shown = re.compile(r"PASSED|FAILED|ERROR|dropped after|^E  |passed|failed")
    print("\n".join(line for line in done.stdout.splitlines() if shown.search(line)))
    times = [float(found) for found in re.findall(r"dropped after ([\d.]+) s", done.stdout)]
    if times:
        print(f"the slowest connection dropped after {max(times):.1f} s of {REVOKED_SECONDS:.0f}")
    return done.returncode == 0 and all(seconds <= REVOKED_SECONDS for seconds in times)


def _bench() -> bool:
    _heading("from a ticket to a session, beside the old helper's way")
    return _run("-m", "tests.performance.measure_broker")


def _rules() -> bool:
    _heading("each rule taken out, in a copy of the project")
    return _run("scripts/mutate_rules.py")


def _run(*words: str) -> bool:
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run((sys.executable, *words), cwd=ROOT, stdout=output, check=False)
        output.seek(0)
        print("".join(_without_logs(output)))
    return done.returncode == 0


def _without_logs(lines: Any) -> Iterator[str]:  # noqa: ANN401  a text file
    return (line for line in lines if not line.startswith("{"))


def _heading(text: str) -> None:
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
