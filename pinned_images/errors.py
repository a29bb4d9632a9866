"""What can go wrong, as one small tree.

::

    PinnedImagesError
    ├── InvalidReference (also a ValueError)   a text that is no image reference
    ├── ConfigurationError                     an option, a context value, a file of the user's
    ├── LockFileError                          a lock file that cannot be read or written
    └── ResolutionError                        an image whose digest could not be learned
        ├── ImageNotFound                      the registry answered: no such repository or tag
        ├── AccessDenied                       the registry or AWS refused these credentials
        ├── RegistryUnavailable                no answer, or none that can be used, in time
        ├── UntrustedAnswer                    an answer that must not be believed
        ├── PlatformMismatch                   the image does not run on the platform asked for
        └── NotLocked                          the lock file is frozen and lacks the image

Every message is one sentence (or two) that says what failed, where, and what to do next.
"""

from __future__ import annotations


class PinnedImagesError(Exception):
    """The base of all errors that this library raises on purpose."""


class InvalidReference(PinnedImagesError, ValueError):
    """A text that is not an image reference; the message names the rule that it breaks."""


class ConfigurationError(PinnedImagesError):
    """An option, a context value, an environment variable or a file that cannot be used."""


class LockFileError(PinnedImagesError):
    """A lock file that cannot be read or written; the file on disk was left as it was."""


class ResolutionError(PinnedImagesError):
    """An image whose digest could not be learned."""


class ImageNotFound(ResolutionError):
    """The registry answered that it has no such repository or tag."""


class AccessDenied(ResolutionError):
    """The registry (or AWS) refused the credentials that were at hand, or wants some."""


class RegistryUnavailable(ResolutionError):
    """The registry gave no answer, or none that can be used, in the time there was."""


class UntrustedAnswer(ResolutionError):
    """An answer that must not be believed: a digest that differs from the bytes, for instance."""


class PlatformMismatch(ResolutionError):
    """The image has no manifest for the platform that the workload runs on."""


class NotLocked(ResolutionError):
    """The lock file is frozen, and the image is not in it."""
