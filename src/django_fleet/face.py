"""The blocks of the public face: what they are called, and what they refuse."""

from django_fleet import conf
from django_fleet.blocks import Block, UnitBlock
from django_fleet.routing.running import running


def using(alias: str) -> Block:
    """Makes ``alias`` the database of the code inside: as if each queryset said ``.using(alias)``.

    For ``with`` (sync and async) and as a decorator. Objects that already belong to a database keep
    it, and ``.using()`` on a queryset still wins. Where ``alias`` is a primary, its replicas may
    answer the reads; where it is a replica, it answers the reads and writes are refused. Querysets
    built inside keep the choice when they are evaluated outside. Raises ``UnknownDatabaseError``.
    """
    return Block(using=running().fleet.known(alias, place="fleet.using()"))


def primary() -> Block:
    """Sends the reads of the code inside to primaries. Otherwise like ``using()``."""
    return Block(consistency="strong")


def consistency(level: str) -> Block:
    """Sets what the reads of the code inside may see.

    ``"eventual"``: any replica, also after a write. ``"session"``: what this unit of work wrote is
    seen. ``"strong"``: primaries only. Inside a transaction reads stay on its database whatever is
    said here. Raises ``UnknownConsistencyError``.
    """
    return Block(consistency=conf.level(level, place="fleet.consistency()"))


def read_only() -> Block:
    """Refuses every write and row lock of the code inside, on any database, with ``ReadOnlyError``.

    The refusal comes before the statement reaches a server. Statements of a driver's own cursor and
    functions that write behind a ``SELECT`` are not seen.
    """
    return Block(read_only=True)


def unit_of_work() -> UnitBlock:
    """Makes the code inside one unit of work: reads after a write in it see that write.

    The middleware does this for requests. Use it around each message of a worker's loop.
    """
    return UnitBlock()
