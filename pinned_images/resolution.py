"""The seams to the network: requests for images and SSM parameters, and their answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.errors import ResolutionError
from pinned_images.problem import Problem
from pinned_images.reference import Digest, ImageReference, Platform

PlatformMode = Literal["verify", "select", "ignore"]

#: The source of a digest, as in the report.
Source = Literal["registry", "mirror", "ecr-api", "lock-file", "fixed"]


@dataclass(frozen=True, slots=True)
class ResolutionRequest:
    """A request for the digest of one image.

    Attributes:
        reference: The image, with a tag (or none, which means ``latest``).
        platform: The platform that the image will run on; None where that is unknown or does not
            matter.
        select: True to get the digest of the platform's own manifest in place of the index's.
        credentials_parameter: ARN of a Secrets Manager secret with ``username`` and ``password``
            that the workload itself pulls with (ECS ``repositoryCredentials``).
    """

    reference: ImageReference
    platform: Platform | None = None
    select: bool = False
    credentials_parameter: str | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """The answer to one request.

    Attributes:
        digest: The digest to pin.
        media_type: The media type of what the digest names.
        platforms: The platforms that the image has, as far as they were learned (attestations
            left out); empty where they were not looked up.
        source: The kind of source that answered.
        origin: The host (or file) that answered, for display.
    """

    digest: Digest
    media_type: str | None = None
    platforms: tuple[Platform, ...] = ()
    source: Source = "registry"
    origin: str | None = None


Outcome = Resolution | ResolutionError


class Resolver(Protocol):
    """A source of digests. It gets all requests of a synth at once, and answers every one."""

    def resolve(self, requests: Sequence[ResolutionRequest]) -> Mapping[ResolutionRequest, Outcome]:
        """Answer each request with a `Resolution` or with the error that prevents one.

        Args:
            requests: The requests; repetitions are allowed and resolved once.

        Returns:
            One outcome for each distinct request. Errors are returned, not raised.
        """
        ...


def outcome_of(
    request: ResolutionRequest, outcomes: Mapping[ResolutionRequest, Outcome]
) -> Outcome:
    """The outcome of a request; an error where a resolver of the user's own has given none."""
    found: object = outcomes.get(request)
    if isinstance(found, (Resolution, ResolutionError)):
        return found
    return ResolutionError(
        f"its resolver answers {'nothing' if found is None else f'a {type(found).__name__}'}",
        "let resolve() give a Resolution or a ResolutionError for each request",
        reference=str(request.reference),
    )


ParameterValues = Mapping[SsmParameter, str | Problem]


class ParameterSource(Protocol):
    """A source of SSM parameter values."""

    def read(self, parameters: Iterable[SsmParameter]) -> ParameterValues:
        """The value of each parameter, or why it could not be read.

        Raises:
            PinnedImagesError: None can be read at all; a broken lock file for instance.
        """
        ...

    def keep(self, values: Mapping[SsmParameter, str]) -> None:
        """Keep values for the next synth, if the source does so.

        Args:
            values: What `read` has given and turned out to be (a part of) an image's name. A
                parameter may hold anything: no other value may be written anywhere.

        Raises:
            PinnedImagesError: They cannot be kept.
        """
        ...
