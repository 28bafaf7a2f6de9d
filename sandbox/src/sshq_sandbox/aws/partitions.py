"""Which partition of AWS a region is in, and the domain of its hosts."""

from __future__ import annotations


def partition_of(region: str) -> str:
    """`aws-cn` for `cn-north-1`."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def url_suffix_of(region: str) -> str:
    """What CloudFormation calls AWS::URLSuffix."""
    return "amazonaws.com.cn" if partition_of(region) == "aws-cn" else "amazonaws.com"
