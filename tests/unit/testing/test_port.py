"""Free ports."""

import socket

from django_fleet.testing.servers.port import HOST, free_port, is_free


def test_a_free_port_can_be_listened_to():
    """And is not free while somebody listens."""
    port = free_port()
    with socket.create_server((HOST, port)):
        assert not is_free(port)
    assert is_free(port)


def test_ports_lie_below_those_of_outgoing_connections():
    """A client's connection must not take the port of a server that is to be restarted."""
    assert all(free_port() < 32_768 for _ in range(50))
