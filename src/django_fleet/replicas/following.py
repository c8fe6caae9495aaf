"""Following a promotion: the alias of the primary leads to the server that is the primary now.

Aliases keep their meaning: code, placement and routers name the primary by its alias. What changes is
the server behind it. The two aliases change their servers with each other, in the connection handler
of this process; ``settings.DATABASES`` stays as it was written.
"""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from django.db import connections

from django_fleet.signals import primary_changed

if TYPE_CHECKING:
    from django_fleet.replicas.nodes import Nodes
    from django_fleet.replicas.opened import Opened

_ADDRESS: Final = ("HOST", "PORT")

logger: Final = logging.getLogger("django_fleet.replicas")


def follow(primary: str, replica: str, nodes: "Nodes", opened: "Opened") -> None:
    """Lets ``primary`` lead to the server of ``replica``, and ``replica`` to the one of ``primary``."""
    one, other = connections.settings[primary], connections.settings[replica]
    for key in _ADDRESS:
        one[key], other[key] = other[key], one[key]
    nodes.servers = addresses((*nodes.servers,))
    nodes.went_offline(
        replica, f"{primary!r} leads to its server now, and it to the former primary"
    )
    nodes.primary_answered(primary, None)
    opened.retire({primary, replica})
    logger.warning("primary_followed", extra={"alias": primary, "replica": replica})
    primary_changed.send_robust(None, alias=primary, replica=replica)


def addresses(aliases: Iterable[str]) -> dict[str, str]:
    """Alias -> where its server is; another one once another server stands behind it."""
    return {
        alias: repr(
            [str(connections.settings[alias].get(key) or "") for key in (*_ADDRESS, "NAME")]
        )
        for alias in aliases
    }
