"""For all tests: in CI nothing may be skipped, and Ctrl-C reaches what the tests start."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Generator


def pytest_configure() -> None:
    """A background job's SIGINT is ignored, by its children too: until somebody handles it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With SSHQ_NO_SKIPS=1 a skipped test is a failed one; an expected failure stays what it is."""
    report = yield
    if (
        os.environ.get("SSHQ_NO_SKIPS") == "1"
        and report.skipped
        and not hasattr(report, "wasxfail")
    ):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"SSHQ_NO_SKIPS is set, but the test was skipped: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole module that skips itself while it is collected."""
    report = yield
    if os.environ.get("SSHQ_NO_SKIPS") == "1" and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"SSHQ_NO_SKIPS is set, but this was skipped: {report.longrepr}"
    return report


# A property fails by what it finds, never by how long that took on a busy machine. In CI the examples
# are the same each time; who develops has new ones.
settings.register_profile(
    "sshq",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("SSHQ_NO_SKIPS") == "1",
)
settings.load_profile("sshq")
