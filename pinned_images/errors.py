"""The errors of this library.

::

    PinnedImagesError
    ├── InvalidReference (also a ValueError)   a string that is no image reference
    ├── ConfigurationError                     an option, a context value, a file of the user's
    ├── LockFileError                          a lock file that cannot be read or written
    └── ResolutionError                        an image whose digest could not be learned
        ├── ImageNotFound                      the registry answered: no such repository or tag
        ├── AccessDenied                       the registry or AWS refused these credentials
        ├── RegistryUnavailable                no answer, or none that can be used, in time
        ├── UntrustedAnswer                    an answer that cannot be trusted
        ├── PlatformMismatch                   the image does not run on the platform asked for
        └── NotLocked                          the lock file is frozen and lacks the image

Every message is one sentence (or two) that says what failed, where, and what to do next. A
`ResolutionError` keeps these parts as attributes, and makes the sentence only when it is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self


class PinnedImagesError(Exception):
    """The base of all errors that this library raises on purpose."""


class InvalidReference(PinnedImagesError, ValueError):
    """A string that is not an image reference; the message names the rule that it breaks.

    Attributes:
        predicate: The predicate of the message, where its subject is the whole string.
    """

    predicate: str | None = None

    @classmethod
    def about(cls, shown: str, predicate: str) -> Self:
        """An error whose message begins with the string.

        Args:
            shown: The string, made printable.
            predicate: The predicate of the message.
        """
        error = cls(f"{shown} {predicate}")
        error.predicate = predicate
        return error


class ConfigurationError(PinnedImagesError):
    """An option, a context value, an environment variable or a file that cannot be used."""


class LockFileError(PinnedImagesError):
    """A lock file that cannot be read or written; the file on disk was left as it was."""


class ResolutionError(PinnedImagesError):
    """An image whose digest could not be learned.

    The message is made from the parts below and never parsed: errors with one
    `grouping_key` can be grouped, and `sentence` can name the image otherwise. A resolver of
    your own may raise or return an error with a whole sentence and nothing else.

    Args:
        cause: Why, as a clause; a whole sentence where none of the other parts is given.
        remedy: The next step, as a clause.
        reference: The image, as requested.
        place: The server or file: ``the registry ghcr.io``, ``the mirror HOST of docker.io``.
        subject: The subject of the sentence, if not the image: ``The SSM parameter '/a/b'``.
        predicate: Its predicate, if not that it could not be resolved at the place.

    Example:
        >>> error = AccessDenied("it wants credentials", "run docker login")
        >>> print(error.about("app:1", "the registry docker.io"))  # doctest: +NORMALIZE_WHITESPACE
        The image 'app:1' could not be resolved at the registry docker.io: it wants credentials;
        run docker login.
    """

    cause: str = ""
    remedy: str | None = None
    reference: str | None = None
    place: str | None = None
    subject: str | None = None
    predicate: str | None = None
    notes: tuple[str, ...] = ()

    def __init__(
        self,
        cause: str = "",
        remedy: str | None = None,
        *,
        reference: str | None = None,
        place: str | None = None,
        subject: str | None = None,
        predicate: str | None = None,
    ) -> None:
        super().__init__(cause)
        self.cause = str(cause)
        self.remedy = remedy
        self.reference = reference
        self.place = place
        self.subject = subject
        self.predicate = predicate

    def __str__(self) -> str:
        """The sentence, with its notes."""
        return self.sentence()

    def __repr__(self) -> str:
        """The class and the sentence."""
        return f"{type(self).__name__}({str(self)!r})"

    @property
    def grouping_key(self) -> tuple[object, ...]:
        """All parts but the image: equal where several images fail for one reason."""
        return (type(self), self.place, self.predicate, self.cause, self.remedy, self.notes)

    @property
    def is_about_image(self) -> bool:
        """Whether the subject is the image, so that `sentence` can name it otherwise."""
        return self.reference is not None and self.subject is None

    def sentence(self, image: str | None = None) -> str:
        """The sentence, with its notes.

        Args:
            image: Another name for the image: ``The image nginx:1.25 at
                Code.ImageUri``, ``3 images``. A sentence with another subject stays as it is.
        """
        beginning = self._beginning(image)
        if beginning is None:
            text = self.cause or super().__str__()
            return " ".join((f"{text}; {self.remedy}." if self.remedy else text, *self.notes))
        text = f"{beginning}: {self.cause}" if self.cause else beginning
        if self.remedy:
            text += f"{';' if self.cause else ':'} {self.remedy}"
        return " ".join((f"{text}.", *self.notes))

    def _beginning(self, image: str | None) -> str | None:
        """Subject and predicate; None where the cause is a whole sentence."""
        resolved = (
            f"could not be resolved at {self.place}" if self.place else ("could not be resolved")
        )
        predicate = self.predicate or resolved
        if self.is_about_image and image is not None:
            return f"{image} {predicate}"
        if self.subject is not None:
            return f"{self.subject} {predicate}"
        if self.reference is None:
            return None
        if self.predicate is not None:
            return f"{self.reference} {predicate}"
        return f"The image {self.reference!r} {predicate}"

    def about(
        self,
        reference: str | None = None,
        place: str | None = None,
        *,
        subject: str | None = None,
        predicate: str | None = None,
    ) -> Self:
        """A copy of the error with the image, which is often unknown where the error is made.

        Parts that are left out stay as they are.
        """
        error = self._copy()
        error.reference = reference or self.reference
        error.place = place or self.place
        error.subject = subject or self.subject
        error.predicate = predicate or self.predicate
        return error

    def noted(self, note: str) -> Self:
        """A copy of the error with one more sentence."""
        error = self._copy()
        error.notes = (*self.notes, note)
        return error

    def _copy(self) -> Self:
        # Not by calling the class: a user's subclass may take other arguments.
        error = type(self).__new__(type(self), *self.args)
        error.__dict__.update(self.__dict__)
        error.__cause__ = self.__cause__ or self
        return error


class ImageNotFound(ResolutionError):
    """The registry answered that it has no such repository or tag."""


class AccessDenied(ResolutionError):
    """The registry (or AWS) refused the credentials, or requires some."""


class RegistryUnavailable(ResolutionError):
    """The registry gave no answer, or none that can be used, in the time there was."""


class UntrustedAnswer(ResolutionError):
    """An answer that cannot be trusted: a digest that differs from the bytes, for instance."""


class PlatformMismatch(ResolutionError):
    """The image has no manifest for the platform that the workload runs on."""


class NotLocked(ResolutionError):
    """The lock file is frozen, and the image is not in it."""
