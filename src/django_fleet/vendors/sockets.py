"""The network under an open connection, whatever driver holds it."""

import os
import socket
from typing import Any


def hang_up(driver: Any) -> bool:
    """Closes the socket of a driver's connection for both directions; whether it was open.

    The driver's own thread may be waiting in it: it is told that the connection is lost. ``driver`` is
    what has ``fileno()`` (a connection of psycopg, psycopg2 or mysqlclient), or PyMySQL's, whose
    socket has no public name.
    """
    try:
        number = (driver if hasattr(driver, "fileno") else driver._sock).fileno()
        with socket.socket(fileno=os.dup(number)) as ours:
            ours.shutdown(socket.SHUT_RDWR)
    except Exception:  # noqa: BLE001 -- each driver has an error of its own for what is closed already
        return False
    return True


def wait_for_rows(driver: Any, timeout_s: float | None) -> None:
    """From now on PyMySQL's connection waits that long for an answer; ``None``: as long as it takes."""
    driver._read_timeout = timeout_s
