"""Log redaction: no debug messages of the SDK while it handles secrets.

At DEBUG botocore logs whole requests and answers: session tokens, the values of secrets, passwords
for registries. While this library calls AWS, their loggers are limited to warnings.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_LOGGERS = (
    "botocore.auth",
    "botocore.endpoint",
    "botocore.httpsession",
    "botocore.parsers",
    "botocore.utils",
    "urllib3.connectionpool",
)

_is_redacting: ContextVar[bool] = ContextVar("is_redacting", default=False)


class _RedactionFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING or not _is_redacting.get()


_FILTER = _RedactionFilter()


@contextmanager
def redacted_log() -> Iterator[None]:
    """Keep the requests and answers of the SDK out of the log, in this thread and block."""
    for name in _LOGGERS:
        # Adding a filter that is there already changes nothing.
        logging.getLogger(name).addFilter(_FILTER)
    token = _is_redacting.set(True)
    try:
        yield
    finally:
        _is_redacting.reset(token)
