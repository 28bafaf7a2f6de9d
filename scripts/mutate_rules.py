"""Take each rule of the threat table out, in a copy of the project, and see that its tests fail.

`python scripts/mutate_rules.py [WORD …]`: all rules, or those whose text or file has a word in it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.security.threats import RULES, THREATS, Rule  # noqa: E402  the path comes first

if TYPE_CHECKING:
    from collections.abc import Iterable

PARTS = ("layers/core", "local_client/src", "sandbox/src")
TESTS_FAILED = 1
"""pytest's exit code; others mean that it could not run them."""


def main(words: list[str]) -> int:
    """0 if every rule that was taken out was missed by a test, and none failed before."""
    rules = [rule for rule in RULES if not words or any(w in rule.says + rule.file for w in words)]
    if not rules:
        print(f"no rule's text or file has any of: {' '.join(words)}")
        return 2
    with tempfile.TemporaryDirectory(prefix="sshq-rules-") as folder:
        copy = Path(folder)
        _copy_project(copy)
        tests = sorted({test for rule in rules for test in rule.tests})
        if _pytest(copy, tests) != 0:
            print("the tests fail with all rules in place: nothing can be shown")
            return 1
        print(f"{len(tests)} tests pass with all {len(rules)} rules in place")
        unnoticed = [rule for rule in rules if not _is_missed(copy, rule)]
    print(f"{len(rules) - len(unnoticed)} of {len(rules)} rules were missed when they were gone")
    return 1 if unnoticed else 0


def _is_missed(copy: Path, rule: Rule) -> bool:
    """Whether each of the rule's tests fails without it (one failing case of a test is enough)."""
    file = copy / rule.file
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace(rule.old, rule.new, 1), encoding="utf-8")
    try:
        codes = [_pytest(copy, [test]) for test in rule.tests]
    finally:
        file.write_text(whole, encoding="utf-8")
    missed = all(code == TESTS_FAILED for code in codes)
    sign = "missed  " if missed else "UNNOTICED"
    print(f"{sign} {rule.threat:>2} {THREATS[rule.threat]}: {rule.says}", flush=True)
    return missed


def _copy_project(copy: Path) -> None:
    listed = subprocess.run(
        ("git", "ls-files", "-z"), cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, listed):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)


def _pytest(copy: Path, tests: Iterable[str]) -> int:
    """Its exit code, with the copy's code before what is installed."""
    path = os.pathsep.join(str(copy / part) for part in PARTS)
    done = subprocess.run(
        (sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests),
        cwd=copy,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in {0, TESTS_FAILED}:
        print(done.stdout[-2000:] + done.stderr[-2000:])
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
