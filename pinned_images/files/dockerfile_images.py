"""The images of a Dockerfile as editable places."""

from __future__ import annotations

from collections.abc import Iterator

from pinned_images.files.content import Content
from pinned_images.files.dockerfile import Dockerfile
from pinned_images.files.places import Found, Place, Skipped, found_in


def find(content: Content) -> Iterator[Found]:
    """The images of all stages, and the defaults of the arguments that ``FROM`` takes them from."""
    dockerfile = Dockerfile.parse(content.data)
    for image in dockerfile.images():
        found = None
        if image.span is not None and image.image:
            found = found_in("dockerfile", image.image, image.span)
        # What is no reference may be one with the values that are missing.
        if found is not None and (isinstance(found, Place) or not image.unset):
            yield found
            continue
        reason = image.problem or "it is put together from several values"
        if image.unset:
            reason = f"it needs a value for {', '.join(sorted(image.unset))}"
        offset = content.start_of_line(image.line)
        yield Skipped("dockerfile", offset, image.written, reason)
