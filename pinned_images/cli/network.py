"""Who a command asks: registries and AWS, as the user's options say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pinned_images.registry.aws.sessions import AwsSessions
    from pinned_images.registry.settings import RegistrySettings
    from pinned_images.resolution import Resolver


@dataclass(frozen=True)
class Network:
    """Registries and AWS, asked as the same identities; nothing is opened before a question.

    Attributes:
        settings: What the user's options say.
    """

    settings: RegistrySettings

    @cached_property
    def sessions(self) -> AwsSessions:
        """Calls to AWS."""
        from pinned_images.registry.aws.sessions import AwsSessions  # noqa: PLC0415 - for --help

        return AwsSessions(self.settings)

    @cached_property
    def registries(self) -> Resolver:
        """Who knows digests."""
        from pinned_images.registry.resolver import RegistryResolver  # noqa: PLC0415 - for --help

        return RegistryResolver(self.settings, self.sessions)
