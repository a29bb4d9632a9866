"""The language of the ``WWW-Authenticate`` header: what a registry asks of whom it does not know.

The grammar is that of RFC 9110, sections 11.2, 11.3 and 11.6.1: a list of challenges, each a
scheme followed by a token68 or by a list of parameters. The list of challenges and the lists of
parameters are separated by the same comma, so that only what follows a word tells them apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105  # RFC 9110, section 5.6.2: a grammar
_PARAMETER = re.compile(
    # Some registries forget the quotes around a realm, so an unquoted value ends at the comma.
    rf'(?P<name>{_TOKEN})[ \t]*=[ \t]*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<token>[^\s",=][^\s",]*))'
    r"(?=[ \t]*(?:,|$))",
    re.DOTALL,
)
_SCHEME = re.compile(rf"(?P<scheme>{_TOKEN})(?=[ \t]|,|$)")
_TOKEN68 = re.compile(r"(?P<token68>[A-Za-z0-9\-._~+/]+=*)(?=[ \t]*(?:,|$))")
_SEPARATOR = re.compile(r"[ \t,]*")
_BLANK = re.compile(r"[ \t]+")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LONGEST_HEADER = 8192
_UP_TO_COMMA = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^,"]|")*?(?=,|\Z)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way in that a server offers.

    Attributes:
        scheme: The scheme's name in lower case: ``bearer``, ``basic``.
        parameters: Names in lower case to values, quotes and escapes undone.
    """

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def parse_challenges(headers: Iterable[str]) -> list[Challenge]:
    """Read all challenges of a response, in their order.

    What is no challenge is passed over, for a registry's malformed extra must not hide the
    challenge that can be answered.

    Args:
        headers: The values of all ``WWW-Authenticate`` fields; each may hold several challenges.

    Example:
        >>> parse_challenges(['Basic realm="x", Bearer realm="https://auth.example/token"'])[1]
        Challenge(scheme='bearer', parameters={'realm': 'https://auth.example/token'})
    """
    return [challenge for header in headers for challenge in _parse(header[:_LONGEST_HEADER])]


def _parse(header: str) -> list[Challenge]:
    challenges: list[tuple[str, dict[str, str]]] = []
    position = _skip(_SEPARATOR, header, 0)
    while position < len(header):
        parameter = _PARAMETER.match(header, position)
        scheme = _SCHEME.match(header, position)
        if parameter and challenges:
            name, value = _read(parameter)
            challenges[-1][1].setdefault(name, value)
            position = parameter.end()
        elif scheme and not parameter:
            challenges.append((scheme["scheme"].lower(), {}))
            position = _after_scheme(header, scheme.end())
        else:
            position = max(_skip(_UP_TO_COMMA, header, position), position + 1)
        position = _skip(_SEPARATOR, header, position)
    return [Challenge(scheme, parameters) for scheme, parameters in challenges]


def _after_scheme(header: str, position: int) -> int:
    """Past a scheme's blanks, and past its token68 where it has one."""
    blank = _BLANK.match(header, position)
    if blank is None or _PARAMETER.match(header, blank.end()):
        return position
    token68 = _TOKEN68.match(header, blank.end())
    return token68.end() if token68 else position


def _read(parameter: re.Match[str]) -> tuple[str, str]:
    quoted = parameter["quoted"]
    value = parameter["token"] if quoted is None else _ESCAPED.sub(r"\1", quoted)
    return parameter["name"].lower(), value


def _skip(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position
