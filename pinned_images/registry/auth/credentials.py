"""Credentials for a registry."""

from __future__ import annotations

from dataclasses import dataclass, field

#: Takes the place of a user name where the secret is an OAuth2 refresh token.
IDENTITY_TOKEN_USER = "<token>"  # noqa: S105  # docker's own word, no secret


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name with a password, or with a token in its place.

    The secrets are left out of the `repr`.

    Attributes:
        username: The user name; empty where only a token is at hand.
        password: The password, or an access token used as one.
        identity_token: An OAuth2 refresh token, which the token service takes in place of a
            password (``identitytoken`` in docker's configuration).
        registry_token: A bearer token that is sent to the registry as it is (``registrytoken``).
        origin: Where the credentials were found, for errors: a file, a program, a secret's name.

    Example:
        >>> Credentials("alice", "correct horse")
        Credentials(username='alice')
    """

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)
    origin: str = field(default="", compare=False, repr=False)

    @property
    def is_text(self) -> bool:
        r"""Whether all of it can be encoded: JSON may hold half of a surrogate pair.

        Example:
            >>> Credentials("alice", "correct horse").is_text, Credentials("\ud800").is_text
            (True, False)
        """
        try:
            f"{self.username}{self.password}{self.identity_token}{self.registry_token}".encode()
        except UnicodeEncodeError:
            return False
        return True
