"""Environments: an account and a region of AWS."""

from __future__ import annotations

from dataclasses import dataclass

from pinned_images.registry.aws.hosts import EcrHost, partition_of

# AWS Account Management reference guide, "Enable or disable AWS Regions in your account": Regions
# that were introduced before March 20, 2019 are enabled by default, all later ones are not.
_ALWAYS_ENABLED = frozenset(
    {
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    }
)


@dataclass(frozen=True, slots=True)
class Environment:
    """An account and a region, as the CDK uses the word, and the kind of endpoint.

    Attributes:
        account: The account, or None for that of the ambient credentials.
        region: The region.
        fips: Whether to use endpoints validated under FIPS 140.
        dual_stack: Whether to use endpoints with IPv6.
    """

    account: str | None
    region: str
    fips: bool = False
    dual_stack: bool = False

    @classmethod
    def of(cls, host: EcrHost) -> Environment:
        """The environment of a private ECR registry."""
        return cls(host.account, host.region, host.fips, host.dual_stack)

    @property
    def partition(self) -> str:
        """The partition in ARNs."""
        return partition_of(self.region)

    @property
    def is_opt_in_region(self) -> bool:
        """Whether an account has to enable the region before it can be used."""
        return self.partition == "aws" and self.region not in _ALWAYS_ENABLED

    def __str__(self) -> str:
        """The environment in an error: ``account 123456789012, eu-west-1``."""
        account = f"account {self.account}" if self.account else "the account of the credentials"
        return f"{account}, {self.region}"
