"""Which loopback port is free.

The ports lie below the range from which systems take ports for outgoing connections (32768 on
Linux, 49152 on macOS), so that nobody's client takes a killed server's port before it restarts.
"""

import contextlib
import secrets
import socket

from django_fleet.testing.servers.errors import ServerError

HOST = "127.0.0.1"
_LOWEST, _HIGHEST = 15_000, 32_000
_ATTEMPTS = 200


def free_port() -> int:
    """A port of 127.0.0.1 to which nobody listened a moment ago; it may be taken by the next.

    Drawn from the system's entropy: pytest-randomly seeds ``random`` alike in all xdist workers.
    """
    for _ in range(_ATTEMPTS):
        port = _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST)
        if is_free(port):
            return port
    raise ServerError(
        f"No free port found on {HOST} between {_LOWEST} and {_HIGHEST} in {_ATTEMPTS} attempts: "
        "end some of the servers that run here."
    )


def is_free(port: int) -> bool:
    """Whether a server could listen to this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return True
    return False
