"""The SSM parameters of a lock file: which one a value belongs to, and what may be a value."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pinned_images.cloudformation.outcomes import SsmParameter

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]+(?:-[a-z0-9]+)+")
# SSM API reference, "PutParameter", and the forms that "GetParameter" takes: a name or an ARN,
# with a version or a label.
_NAME = re.compile(r"[A-Za-z0-9_./:-]{1,2048}")
# All that may stand in an image reference; what has other characters was never a part of one.
_VALUE = re.compile(r"[A-Za-z0-9_./:@+\[\]-]{1,2000}")


@dataclass(frozen=True, slots=True, order=True)
class ParameterKey:
    """A parameter in an account and a region.

    Attributes:
        account: The account; empty for the parameters that AWS publishes to all accounts.
        region: The region.
        name: Its name, with the version where one is asked for.
    """

    account: str
    region: str
    name: str

    @classmethod
    def of(cls, parameter: SsmParameter) -> ParameterKey | None:
        """The key of a parameter; None where it is not known whose parameter it is.

        Example:
            >>> public = SsmParameter("/aws/service/x", None, "123456789012", "eu-west-1")
            >>> str(ParameterKey.of(public))
            'eu-west-1 /aws/service/x'
        """
        account = "" if parameter.is_public else parameter.account or ""
        key = cls(account, parameter.region or "", str(parameter))
        return key if key._is_sound() else None

    @classmethod
    def parse(cls, text: str) -> ParameterKey:
        """Parse a key of the file: account, region and name, the first left out if it is public.

        Raises:
            ValueError: It is none.

        Example:
            >>> ParameterKey.parse("123456789012 eu-west-1 /shop/image:3").name
            '/shop/image:3'
        """
        account, _, rest = text.partition(" ") if text[:1].isdigit() else ("", "", text)
        key = cls(account, *rest.partition(" ")[::2])
        if not key._is_sound():
            raise ValueError(
                f"{text!r} is not a parameter: write its account, its region and its name, "
                "and no account for one that AWS publishes (/aws/service/...)."
            )
        return key

    def __str__(self) -> str:
        """The key as it stands in the file."""
        return f"{self.account} {self.region} {self.name}".lstrip()

    def _is_sound(self) -> bool:
        is_public = SsmParameter(self.name).is_public
        owner = not self.account if is_public else _ACCOUNT.fullmatch(self.account)
        return bool(owner and _REGION.fullmatch(self.region) and _NAME.fullmatch(self.name))


def is_part_of_reference(value: str) -> bool:
    """Whether a value has only what may stand in an image reference.

    Example:
        >>> is_part_of_reference("1.27"), is_part_of_reference('{"password": "x"}')
        (True, False)
    """
    return _VALUE.fullmatch(value) is not None
