"""What looks like a secret is taken out of a log's lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sshq.domain.redaction import HIDDEN, redacted

CANARY = "c4n4ry-Value-0123456789"


@pytest.mark.parametrize(
    "line",
    [
        f"DB_PASSWORD={CANARY}",
        f'{{"api_key": "{CANARY}", "n": 1}}',
        f"export HF_TOKEN='{CANARY}'",
        f"Authorization: Bearer {CANARY}",
        f"aws_secret_access_key = {CANARY}",
        f"cloning https://me:{CANARY}@example.com/x.git",
        f"using hf_{CANARY.replace('-', '')}",
        f"ghp_{CANARY.replace('-', '')}",
        f"xoxb-{CANARY}",
        f"-----BEGIN OPENSSH PRIVATE KEY-----{CANARY}",
        f"eyJhbGciOiJIUzI1NiJ9.{CANARY}.sig",
    ],
)
def test_secrets_are_hidden(line: str) -> None:
    assert CANARY not in redacted(line)
    assert CANARY.replace("-", "") not in redacted(line)
    assert HIDDEN in redacted(line)


@pytest.mark.parametrize(
    "line",
    [
        "epoch 3 loss=0.12 tokens/s 1834",
        "https://example.com/models/resnet:50",
        "num_tokens=1834 tokenizer: bert-base, next token: 17",
        "loading tokenizer from s3://bucket/tokenizer.json",
        "E: Unable to locate package openssh-server",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert redacted(line) == line


@given(st.text(max_size=200))
def test_whatever_is_printed_can_be_redacted(line: str) -> None:
    assert redacted(redacted(line)).count(HIDDEN) >= redacted(line).count(HIDDEN) - 1
