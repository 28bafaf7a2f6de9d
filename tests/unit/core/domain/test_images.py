"""Names of framework images and their addresses. tests/sdk compares them with the SDK's own."""

from __future__ import annotations

import pytest

from sshq.data import images
from sshq.domain.images import resolve_image
from sshq.domain.refusals import Reason, Refusal

GPU, CPU = "ml.g5.xlarge", "ml.m5.large"


def uri(asked: str, *, instance: str = GPU, region: str = "eu-west-1") -> str:
    return resolve_image(asked, catalogue=images(), region=region, instance=instance).uri


def test_a_full_name_is_an_address_in_the_regions_registry() -> None:
    name = "pytorch:2.10-gpu-py313"

    assert uri(name) == (
        "763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-training:2.10-gpu-py313"
    )
    assert uri(name, region="cn-north-1") == (
        "727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn/pytorch-training:2.10-gpu-py313"
    )
    assert uri(name, region="us-gov-west-1").startswith("442386744353.dkr.ecr.us-gov-west-1.")


@pytest.mark.parametrize(("instance", "processor"), [(GPU, "gpu"), (CPU, "cpu")])
def test_what_isnt_said_is_the_newest_for_the_instance(instance: str, processor: str) -> None:
    assert uri("pytorch", instance=instance).endswith(f"-{processor}-py313")


def test_the_processor_may_be_other_than_the_instances() -> None:
    assert uri("pytorch:2.10-cpu", instance=GPU).endswith(":2.10-cpu-py313")


def test_an_address_is_taken_as_it_is() -> None:
    own = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:1"
    assert uri(own) == own


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("pytorch:9.9", Reason.UNKNOWN_IMAGE),
        ("pytorch:2.10-gpu-py39", Reason.UNKNOWN_IMAGE),
        ("sklearn:1.2-1-gpu", Reason.UNKNOWN_IMAGE),
        ("caffe", Reason.UNKNOWN_IMAGE),
        ("pytorch:", Reason.UNKNOWN_IMAGE),
    ],
)
def test_what_nobody_makes_is_refused_with_what_is_near(asked: str, reason: Reason) -> None:
    with pytest.raises(Refusal) as refused:
        uri(asked)
    assert refused.value.reason is reason
    assert refused.value.facts["near"]


def test_other_chips_need_an_address() -> None:
    with pytest.raises(Refusal) as refused:
        uri("pytorch", instance="ml.trn1.32xlarge")
    assert refused.value.reason is Reason.IMAGE_NEEDS_ADDRESS


def test_a_region_without_the_image_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        uri("huggingface", region="mx-central-1")
    assert refused.value.reason is Reason.IMAGE_NOT_IN_REGION
