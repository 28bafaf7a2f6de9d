"""The bucket's folders that become the input channels of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from sshq.adapters.aws_errors import code
from sshq.domain.refusals import Reason, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_KEYS = 1000


class S3StartupFiles:
    """ports.StartupFiles. `client` is a boto3 S3 client."""

    def __init__(self, client: Any, *, bucket: str, account: str) -> None:  # noqa: ANN401  boto3 has no types
        self._client = client
        self._bucket = bucket
        # The bucket's name can be guessed: a stranger's of that name must not get a job's files.
        self._where = {"Bucket": bucket, "ExpectedBucketOwner": account}

    def put(self, prefix: str, files: Mapping[str, bytes]) -> None:
        try:
            for name, body in files.items():
                self._client.put_object(**self._where, Key=f"{prefix}/{name}", Body=body)
        except ClientError as error:
            if code(error) == "NoSuchBucket":
                raise Refusal(Reason.NOT_SET_UP, missing=f"s3://{self._bucket}") from error
            raise

    def put_shared(self, prefix: str, files: Mapping[str, bytes]) -> None:
        """The last file is written last, so where it is, all are."""
        *_, last = files
        try:
            self._client.head_object(**self._where, Key=f"{prefix}/{last}")
        except ClientError as error:
            # Without the right to list, S3 says "forbidden" of what isn't there.
            if code(error) not in {"404", "403"}:
                raise
            self.put(prefix, files)

    def get(self, prefix: str, name: str) -> bytes | None:
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=f"{prefix}/{name}")
        except ClientError as error:
            # Without the right to list, S3 says "forbidden" of what isn't there.
            if code(error) in {"NoSuchKey", "AccessDenied"}:
                return None
            raise
        body: bytes = found["Body"].read()
        return body

    def delete(self, prefix: str) -> None:
        """Delete the folder's files (the bucket isn't versioned)."""
        try:
            found = self._client.list_objects_v2(
                **self._where, Prefix=f"{prefix}/", MaxKeys=_MOST_KEYS
            )
        except ClientError as error:
            if code(error) == "NoSuchBucket":
                return
            raise
        keys = [{"Key": entry["Key"]} for entry in found.get("Contents", [])]
        if keys:
            done = self._client.delete_objects(
                **self._where, Delete={"Objects": keys, "Quiet": True}
            )
            # S3 answers 200 all the same: an activation code must not stay behind unnoticed.
            if left := done.get("Errors"):
                raise RuntimeError(f"{left[0]['Code']}: {left[0]['Key']} could not be deleted")

    def uri(self, prefix: str) -> str:
        return f"s3://{self._bucket}/{prefix}/"
