"""Where in AWS something is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from pinned_images.registry.aws.hosts import EcrHost, partition_of


@dataclass(frozen=True, slots=True)
class Environment:
    """An account and a region, as the CDK uses the word, and the kind of endpoint asked there.

    Attributes:
        account: The account, or None for that of the ambient credentials.
        region: The region.
        fips: Whether endpoints validated under FIPS 140 are asked.
        dual_stack: Whether endpoints that answer over IPv6 too are asked.
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
        """The partition, as it stands in ARNs."""
        return partition_of(self.region)

    def __str__(self) -> str:
        """For people: ``account 123456789012, eu-west-1``."""
        account = f"account {self.account}" if self.account else "the account of the credentials"
        return f"{account}, {self.region}"
