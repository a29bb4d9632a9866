"""Connections that bound the time which headers take, and refuse headers cut short."""

from __future__ import annotations

import http.client
import socket
import threading
from email.errors import MissingHeaderBodySeparatorDefect

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from pinned_images.registry.http.timers import TimerThread

_TIMERS = TimerThread()

#: Seconds that a connection may take to be made.
LONGEST_CONNECT = 10.0


class _StrictResponse(http.client.HTTPResponse):
    """Refuses headers of which only a part could be read; the missing ones might matter."""

    def begin(self) -> None:
        super().begin()
        if any(isinstance(defect, MissingHeaderBodySeparatorDefect) for defect in self.msg.defects):
            raise http.client.HTTPException


class _BoundedHeaders(HTTPConnection):
    """Gives the headers of an answer so much time in all, however slowly they drip."""

    response_class = _StrictResponse

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]  # as urllib3 has it
        expired = threading.Event()
        connected: socket.socket = self.sock

        def give_up() -> None:
            expired.set()
            _shut(connected)

        timer = _TIMERS.start(self.timeout or LONGEST_CONNECT, give_up)
        try:
            response = super().getresponse()
        except (OSError, http.client.HTTPException):
            if not expired.is_set():
                raise
        else:
            if not expired.is_set():
                return response
        finally:
            _TIMERS.cancel(timer)
        # Headers that were cut off look complete to `http.client`.
        raise TimeoutError


class _BoundedSecureHeaders(_BoundedHeaders, HTTPSConnection):
    pass


class Pool(HTTPConnectionPool):
    """Connections over plain HTTP."""

    ConnectionCls = _BoundedHeaders


class SecurePool(HTTPSConnectionPool):
    """Connections over TLS."""

    ConnectionCls = _BoundedSecureHeaders


def _shut(connected: socket.socket) -> None:
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
