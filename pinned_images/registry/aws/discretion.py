"""Silence of the SDK's debug log while it handles secrets.

At DEBUG botocore logs whole requests and answers: session tokens, the values of secrets, passwords
for registries. While this library calls AWS, the loggers that do so keep to warnings.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_TALKATIVE = (
    "botocore.auth",
    "botocore.endpoint",
    "botocore.httpsession",
    "botocore.parsers",
    "botocore.utils",
    "urllib3.connectionpool",
)

_discreet: ContextVar[bool] = ContextVar("discreet", default=False)


class _Discretion(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING or not _discreet.get()


_DISCRETION = _Discretion()


@contextmanager
def discretion() -> Iterator[None]:
    """Keep what the SDK sends and gets out of the log, in this thread and inside the block."""
    for name in _TALKATIVE:
        # Adding a filter that is there already changes nothing.
        logging.getLogger(name).addFilter(_DISCRETION)
    token = _discreet.set(True)
    try:
        yield
    finally:
        _discreet.reset(token)
