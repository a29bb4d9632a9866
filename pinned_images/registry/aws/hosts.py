"""The host names of private ECR registries: account, region and kind of endpoint.

The forms are those of the Amazon ECR user guide, "Making requests to Amazon ECR registries", and
the DNS suffixes those of AWS's partitions (botocore's `partitions.json`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EcrHost:
    """A private registry of Amazon ECR, parsed from its host name.

    Attributes:
        account: The twelve digits of the account that owns the registry.
        region: The region, such as ``eu-west-1``.
        partition: The partition in ARNs: ``aws``, ``aws-cn``, ...
        fips: Whether the host is an endpoint validated under FIPS 140.
        dual_stack: Whether the host answers over IPv6 too.
    """

    account: str
    region: str
    partition: str = "aws"
    fips: bool = False
    dual_stack: bool = False


_HOST_PATTERN = re.compile(
    r"(?P<account>[0-9]{12})\.dkr(?P<separator>[.-])ecr(?P<fips>-fips)?"
    r"\.(?P<region>[a-z]+(?:-[a-z0-9]+)+)\.(?P<suffix>[a-z0-9.-]+)"
)

_DEFAULT_PARTITION = "aws"
_PARTITIONS_BY_REGION = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}
_SUFFIXES = {
    "aws": "amazonaws.com",
    "aws-us-gov": "amazonaws.com",
    "aws-cn": "amazonaws.com.cn",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
    "aws-eusc": "amazonaws.eu",
}
_DUAL_STACK_SUFFIXES = {
    "aws": "on.aws",
    "aws-us-gov": "on.aws",
    "aws-cn": "on.amazonwebservices.com.cn",
    "aws-eusc": "on.amazonwebservices.eu",
}


def partition_of(region: str) -> str:
    """The partition of a region.

    Example:
        >>> partition_of("cn-north-1"), partition_of("eu-west-1")
        ('aws-cn', 'aws')
    """
    for prefix, partition in _PARTITIONS_BY_REGION.items():
        if region.startswith(prefix):
            return partition
    return _DEFAULT_PARTITION


def parse_ecr_host(registry: str) -> EcrHost | None:
    """Parse the host of a private ECR registry.

    Args:
        registry: The registry of an image reference.

    Returns:
        The parsed host, or None for every other registry. A region under the DNS suffix
        of another partition is no ECR host, since no image would be pulled from there.

    Example:
        >>> parse_ecr_host("123456789012.dkr.ecr.eu-west-1.amazonaws.com")
        ... # doctest: +NORMALIZE_WHITESPACE
        EcrHost(account='123456789012', region='eu-west-1', partition='aws', fips=False,
                dual_stack=False)
    """
    match = _HOST_PATTERN.fullmatch(registry.lower())
    if match is None:
        return None
    dual_stack = match["separator"] == "-"
    partition = partition_of(match["region"])
    suffixes = _DUAL_STACK_SUFFIXES if dual_stack else _SUFFIXES
    if suffixes.get(partition) != match["suffix"]:
        return None
    return EcrHost(
        match["account"], match["region"], partition, match["fips"] is not None, dual_stack
    )
