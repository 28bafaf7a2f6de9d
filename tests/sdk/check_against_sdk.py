"""The image catalogue and our CreateTrainingJob request against the installed SageMaker SDK.

`make test-sdk` runs this in the SDK's own environment (build/sagemaker-venv): it weighs 450 MB, so
the other tests do without it. Its name keeps it out of their collection.
"""

from __future__ import annotations

import inspect
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sagemaker.core import image_uris
from sagemaker.core.resources import TrainingJob as SdkTrainingJob

from sshq.adapters.training_jobs import create_request
from sshq.data import images
from sshq.domain.images import resolve_image
from sshq.ports import TrainingJob

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = images()
INSTANCES = {"cpu": "ml.m5.xlarge", "gpu": "ml.g5.xlarge"}
# The SDK reads its files anew for every address; nine thousand are asked for here.
image_uris.config_for_framework = cache(image_uris.config_for_framework)
image_uris.utils._botocore_resolver = cache(image_uris.utils._botocore_resolver)
NAMES = [
    (framework, row, processor, version)
    for framework, rows in CATALOGUE["images"].items()
    for row in rows
    for processor in row["tags"]
    for version in row["versions"]
]


def test_the_shipped_catalogue_is_what_the_script_makes_of_this_sdk() -> None:
    script = ROOT / "scripts/make_image_catalogue.py"
    subprocess.run((sys.executable, str(script), "--check"), check=True)


@pytest.mark.parametrize(("framework", "row", "processor", "version"), NAMES)
def test_every_name_is_the_address_that_the_sdk_gives_in_every_region(
    framework: str, row: dict[str, Any], processor: str, version: str
) -> None:
    python = f"-{row['python']}" if row["python"] else ""
    instance = INSTANCES[processor]
    config = image_uris.config_for_framework(framework)
    facts = config.get("training", config)["versions"][row["versions"][0]]
    bases = [name for name in facts if name.startswith("pytorch")] or [None]
    for region in CATALOGUE["registries"][row["registry"]]:
        ours = resolve_image(
            f"{framework}:{version}-{processor}{python}",
            catalogue=CATALOGUE,
            region=region,
            instance=instance,
        )
        theirs = {
            image_uris.retrieve(
                framework,
                region,
                version=version,
                py_version=row["python"] or None,
                instance_type=instance,
                image_scope="training",
                base_framework_version=base,
            )
            for base in bases
        }
        assert ours.uri in theirs


def test_our_request_has_the_shape_that_the_sdks_training_job_takes() -> None:
    request = create_request(
        TrainingJob(
            name="sshq-alice-workbench-k3v9qz2a",
            role_arn="arn:aws:iam::123456789012:role/r",
            image="x/y:1",
            instance="ml.g5.xlarge",
            count=2,
            entrypoint=("/bin/sh", "start.sh"),
            channels={"sshq": "s3://b/p/", "data": "s3://b/d/"},
            output_uri="s3://b/o/",
            max_seconds=3600,
            tags={"a": "b"},
            subnets=("subnet-1",),
            security_groups=("sg-1",),
            warm_pool_seconds=60,
            max_wait_seconds=7200,
            checkpoint_uri="s3://b/c/",
        )
    )
    taken = inspect.signature(inspect.unwrap(SdkTrainingJob.create)).parameters
    assert {_snake(name) for name in request} - taken.keys() == set()


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).strip("_")
