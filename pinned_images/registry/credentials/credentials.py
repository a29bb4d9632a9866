"""What opens a registry's door."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name with a password, or with one of the tokens that stand in its place.

    The secrets are left out of the `repr`.

    Attributes:
        username: The user name; empty where only a token is at hand.
        password: The password, or an access token used as one.
        identity_token: An OAuth2 refresh token, which the token service takes in place of a
            password (``identitytoken`` in docker's configuration).
        registry_token: A bearer token that is sent to the registry as it is (``registrytoken``).

    Example:
        >>> Credentials("alice", "correct horse")
        Credentials(username='alice')
    """

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)
