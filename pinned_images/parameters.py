"""The question about SSM parameters, as a seam: who knows their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from pinned_images.cloudformation.outcomes import SsmParameter
from pinned_images.problem import Problem

ParameterValues = Mapping[SsmParameter, str | Problem]


class ParameterSource(Protocol):
    """Knows the values of SSM parameters."""

    def read(self, parameters: Iterable[SsmParameter]) -> ParameterValues:
        """The value of each parameter, or why it could not be read.

        Raises:
            PinnedImagesError: None can be read at all; a broken lock file for instance.
        """
        ...

    def keep(self, values: Mapping[SsmParameter, str]) -> None:
        """Remember values for the next synth, where that is asked for.

        Args:
            values: What `read` has given and turned out to be (a part of) an image's name. A
                parameter may hold anything: no other value may be written anywhere.

        Raises:
            PinnedImagesError: They cannot be remembered.
        """
        ...
