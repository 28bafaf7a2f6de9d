"""What SageMaker moves between S3 and a job's folder, with the job's own role."""

from __future__ import annotations

import tarfile
import tempfile
import threading
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sshq_sandbox.aws.training_job import TrainingJob


class DataError(Exception):
    """SageMaker's sentence for FailureReason."""


class S3Clients:
    """Makes boto3 clients from one session: that is ten times as fast as a session for each."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._session: Any = None
        self._lock = threading.Lock()  # clients aren't to be made by two threads at once

    def __call__(self, credentials: Mapping[str, str], region: str) -> Any:  # noqa: ANN401
        """`credentials` are the AWS_… variables."""
        import boto3.session  # noqa: PLC0415  (slow: not at import)

        with self._lock:
            self._session = self._session or boto3.session.Session()
            return self._session.client(
                "s3",
                region_name=region,
                endpoint_url=self._endpoint_url,
                aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
                aws_session_token=credentials["AWS_SESSION_TOKEN"],
            )


def download_channels(s3: Any, job: TrainingJob, inputs: Iterable[Path]) -> None:  # noqa: ANN401
    """Put each S3 channel of the job into `<input>/<channel name>/` of each node.

    `s3` is a boto3 client. Raises DataError when a prefix holds nothing or can't be read.
    """
    folders = list(inputs)
    for channel in job.request.get("InputDataConfig") or []:
        name = channel["ChannelName"]
        source = (channel["DataSource"] or {}).get("S3DataSource") or {}
        if source.get("S3DataType") != "S3Prefix":
            raise DataError(f"ClientError: the sandbox reads S3Prefix channels only, not {name}")
        _download(s3, source["S3Uri"], [folder / name for folder in folders])


def upload_model(s3: Any, job: TrainingJob, model: Path) -> None:  # noqa: ANN401
    """Put what the job left in /opt/ml/model where DescribeTrainingJob says it is, if anything."""
    import botocore.exceptions  # noqa: PLC0415  (slow: not at import)

    if not any(model.iterdir()):
        return
    url = urlsplit(job.model_artifacts)
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w:gz") as archive:
            for path in sorted(model.iterdir()):
                archive.add(path, arcname=path.name)
        file.seek(0)
        try:
            s3.put_object(Bucket=url.netloc, Key=url.path.lstrip("/"), Body=file)
        except botocore.exceptions.ClientError as error:
            raise DataError(f"ClientError: Artifact upload failed: {error}") from error


def download_checkpoints(s3: Any, job: TrainingJob, folders: list[Path]) -> None:  # noqa: ANN401
    """What an earlier run of the job kept, if it kept any, into each node's checkpoint folder."""
    if place := job.checkpoints:
        _download(s3, place, folders, may_be_empty=True)


def upload_checkpoints(s3: Any, job: TrainingJob, folders: list[Path]) -> None:  # noqa: ANN401
    """SageMaker copies while the job runs; here it is done when the containers are gone."""
    import botocore.exceptions  # noqa: PLC0415  (slow: not at import)

    if not job.checkpoints:
        return
    url = urlsplit(job.checkpoints)
    try:
        for folder in folders:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                key = f"{url.path.lstrip('/')}/{path.relative_to(folder).as_posix()}"
                s3.put_object(Bucket=url.netloc, Key=key, Body=path.read_bytes())
    except botocore.exceptions.ClientError as error:
        raise DataError(f"ClientError: Checkpoint upload failed: {error}") from error


def _download(
    s3: Any,  # noqa: ANN401
    uri: str,
    folders: list[Path],
    *,
    may_be_empty: bool = False,
) -> None:
    import botocore.exceptions  # noqa: PLC0415  (slow: not at import)

    url = urlsplit(uri)
    prefix = url.path.lstrip("/")
    found = may_be_empty
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=url.netloc, Prefix=prefix)
        for key in _keys(pages):
            found = True
            content = s3.get_object(Bucket=url.netloc, Key=key)["Body"].read()
            for folder in folders:
                path = folder / relative_path(key, prefix)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    except botocore.exceptions.ClientError as error:
        raise DataError(f"ClientError: Data download failed: {error}") from error
    if not found:
        raise DataError(f"ClientError: Data download failed: no S3 objects found under {uri}")


def _keys(pages: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for page in pages:
        for item in page.get("Contents", []):
            if not item["Key"].endswith("/"):
                yield item["Key"]


def relative_path(key: str, prefix: str) -> PurePosixPath:
    """The path below the channel's folder; a prefix that is a whole key gives its last part."""
    rest = key.removeprefix(prefix).lstrip("/") or PurePosixPath(key).name
    path = PurePosixPath(rest)
    if ".." in path.parts:
        raise DataError(f"ClientError: Data download failed: {key} is no usable file name")
    return path
