"""The AWS partition of a region, and the domain names in it.

The facts are those of botocore's `partitions.json` (`regionRegex`, `outputs.dnsSuffix`); as
there, a region that no other partition claims belongs to `aws`.
"""

from __future__ import annotations

from typing import NamedTuple


class Partition(NamedTuple):
    """A partition: the values of ``AWS::Partition`` and ``AWS::URLSuffix`` in a region."""

    name: str
    url_suffix: str


_COMMERCIAL = Partition("aws", "amazonaws.com")
_BY_REGION_PREFIX = {
    "cn-": Partition("aws-cn", "amazonaws.com.cn"),
    "us-gov-": Partition("aws-us-gov", "amazonaws.com"),
    "us-iso-": Partition("aws-iso", "c2s.ic.gov"),
    "us-isob-": Partition("aws-iso-b", "sc2s.sgov.gov"),
    "eu-isoe-": Partition("aws-iso-e", "cloud.adc-e.uk"),
    "us-isof-": Partition("aws-iso-f", "csp.hci.ic.gov"),
    "eusc-": Partition("aws-eusc", "amazonaws.eu"),
}


def partition_of(region: str) -> Partition:
    """The partition that a region belongs to.

    Example:
        >>> partition_of("cn-north-1").url_suffix
        'amazonaws.com.cn'
    """
    for prefix, partition in _BY_REGION_PREFIX.items():
        if region.startswith(prefix):
            return partition
    return _COMMERCIAL
