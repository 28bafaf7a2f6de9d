"""AWS's price list and its quotas, as far as training instances are in them. moto knows neither."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sshq_sandbox.aws.targets import TargetHandler

USUAL_QUOTA = 20.0
_PAGE = 100
# An hour, in every region, in what AWS bills in there; others aren't in the list.
_PRICES = {
    "ml.m5.large": 0.128,
    "ml.m5.xlarge": 0.257,
    "ml.g5.xlarge": 1.571,
    "ml.g5.2xlarge": 1.69,
}


def targets() -> dict[str, TargetHandler]:
    """By X-Amz-Target."""
    return {
        "AWSPriceListService.GetProducts": _get_products,
        "ServiceQuotasV20190624.ListServiceQuotas": _list_service_quotas,
    }


def _get_products(
    request: dict[str, Any], _headers: Mapping[str, str]
) -> tuple[int, dict[str, Any]]:
    """https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html"""
    wanted = {entry["Field"]: entry["Value"] for entry in request.get("Filters", [])}
    instance = wanted.get("instanceName", "")
    price = _PRICES.get(instance)
    if request.get("ServiceCode") != "AmazonSageMaker" or price is None:
        return 200, {"FormatVersion": "aws_v1", "PriceList": []}
    region = wanted.get("regionCode", "")
    currency = "CNY" if region.startswith("cn-") else "USD"
    product = {
        "product": {
            "productFamily": "ML Instance",
            "attributes": {
                "servicecode": "AmazonSageMaker",
                "instanceName": instance,
                "component": "Training",
                "regionCode": region,
            },
            "sku": "SANDBOX",
        },
        "serviceCode": "AmazonSageMaker",
        "terms": {
            "OnDemand": {
                "SANDBOX.JRTCKXETXF": {
                    "priceDimensions": {
                        "SANDBOX.JRTCKXETXF.6YS6EN2CT7": {
                            "unit": "Hrs",
                            "description": f"{currency} {price} per Training {instance} hour",
                            "pricePerUnit": {currency: f"{price:.10f}"},
                        }
                    }
                }
            }
        },
    }
    return 200, {"FormatVersion": "aws_v1", "PriceList": [json.dumps(product)]}


def _list_service_quotas(
    request: dict[str, Any], _headers: Mapping[str, str]
) -> tuple[int, dict[str, Any]]:
    if request.get("ServiceCode") != "sagemaker":
        return 400, {"__type": "NoSuchResourceException", "message": "no such service here"}
    names = [
        f"{instance} for {kind}training job usage"
        for instance in _instances()
        for kind in ("", "spot ")
    ]
    first = int(request.get("NextToken") or 0)
    quotas = [
        {
            "ServiceCode": "sagemaker",
            "QuotaName": name,
            "QuotaCode": f"L-{number:08X}",
            "Value": USUAL_QUOTA,
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }
        for number, name in enumerate(names)
    ]
    answer: dict[str, Any] = {"Quotas": quotas[first : first + _PAGE]}
    if first + _PAGE < len(quotas):
        answer["NextToken"] = str(first + _PAGE)
    return 200, answer


@cache
def _instances() -> list[str]:
    """Every type that CreateTrainingJob takes."""
    import botocore.session  # noqa: PLC0415  (slow: not at import)

    model = botocore.session.get_session().get_service_model("sagemaker")
    found: list[str] = model.shape_for("TrainingInstanceType").enum
    return found
