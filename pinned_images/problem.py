"""`Problem`: what is wrong and what to do about it, as two sentences of plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

from pinned_images.errors import ResolutionError


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem: what is wrong, and what to do.

    It is the outcome of a value that cannot be known before the deployment, or that cannot be
    rewritten, and the finding of a rule.

    Attributes:
        what: What is wrong, as a sentence.
        fix: What to do, as a sentence; None where the first sentence says it.
        error: The error, where an image could not be resolved: many images may have one cause.
        image: The image that it is about, as the app writes it.
        predicate: The rest of the first sentence, where it begins with that image.
        is_unanswered: Whether AWS gave no usable answer, so that it may be fine.

    Example:
        >>> str(Problem("The tag is gone.", "Push it again."))
        'The tag is gone. Push it again.'
    """

    what: str
    fix: str | None = None
    error: ResolutionError | None = field(default=None, compare=False, repr=False)
    image: str = field(default="", compare=False, repr=False)
    predicate: str | None = field(default=None, compare=False, repr=False)
    is_unanswered: bool = field(default=False, compare=False, repr=False)

    @classmethod
    def about(cls, image: str, shown: str, predicate: str, fix: str) -> Problem:
        """A problem whose first sentence begins with an image.

        Args:
            image: The image, as the app writes it.
            shown: Its name in the sentence.
            predicate: The rest of the sentence.
            fix: What to do.
        """
        return cls(f"{shown} {predicate}", fix, image=image, predicate=predicate)

    def __str__(self) -> str:
        """Both sentences."""
        return self.what if self.fix is None else f"{self.what} {self.fix}"
