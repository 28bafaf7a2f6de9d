"""ContainerEntrypoint: check the start-up files, then run them.

What stands in CreateTrainingJob can't be changed afterwards, so this is where trust begins: a file
that isn't what the bot put there ends the job before any of it runs. An image without `sha256sum`
relies on TLS and on the bucket, whose start-up files no job can write.
"""

from __future__ import annotations

CHANNELS = "/opt/ml/input/data"
JOB_CHANNEL = "sshq"
CODE_CHANNEL = "sshq-code"
AGENT_CHANNEL = "sshq-agent"

# At most 256 characters, SageMaker's limit. $0 is the scripts' folder, $1 the digest of its checksums.
_CHECK_AND_RUN = (
    '(cd "$0"&&{ ! command -v sha256sum||{ echo "$1  SHA256SUMS"|sha256sum -c'
    "&&sha256sum -c SHA256SUMS;};})>/dev/null 2>&1"
    '&&exec /bin/sh "$0/start.sh";'
    'echo "sshq: the start-up files were changed"|tee "$0/../../../output/failure";exit 78'
)


def entrypoint(digest: str) -> tuple[str, ...]:
    """The container's first process, for start-up files of this digest."""
    return ("/bin/sh", "-c", _CHECK_AND_RUN, f"{CHANNELS}/{CODE_CHANNEL}", digest)
