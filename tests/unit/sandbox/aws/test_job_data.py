from __future__ import annotations

import pytest

from sshq_sandbox.aws.job_data import DataError, relative_path


@pytest.mark.parametrize(
    ("key", "prefix", "path"),
    [
        ("jobs/a/start.sh", "jobs/a/", "start.sh"),
        ("jobs/a/start.sh", "jobs/a", "start.sh"),
        ("jobs/a/deep/x", "jobs/a/", "deep/x"),
        ("jobs/a/one.csv", "jobs/a/one.csv", "one.csv"),
        ("x", "", "x"),
    ],
)
def test_an_object_lies_below_its_channel(key: str, prefix: str, path: str) -> None:
    assert str(relative_path(key, prefix)) == path


def test_no_key_leads_out_of_the_channel() -> None:
    with pytest.raises(DataError, match="no usable file name"):
        relative_path("jobs/a/../../x", "jobs/a/")
