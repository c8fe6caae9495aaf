"""What can go wrong with a test server.

ServerError
├── ServerUnavailableError    no binaries or no driver here: the message says how to get them
└── ControlNotSupportedError  this server cannot do what was asked: the message says why
"""


class ServerError(RuntimeError):
    """A test server did not do what it was told; the message ends with its log where it has one."""


class ServerUnavailableError(ServerError):
    """The server or its driver is not installed here; the message holds the exact remedy."""


class ControlNotSupportedError(ServerError):
    """This kind of server, or a node in this role, has no such control."""
