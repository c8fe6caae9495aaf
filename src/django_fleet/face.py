"""The public face: blocks by their names and what they refuse; tokens of what was seen."""

from django_fleet import conf
from django_fleet.blocks import Block, UnitBlock
from django_fleet.context import unit as running_unit
from django_fleet.errors import InvalidLagError, InvalidLimitError
from django_fleet.replicas.token import issue
from django_fleet.replicas.token import resume as resume_token
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
    return Block(consistency="strong", max_lag_s=None)


def consistency(level: str, *, max_lag: float | None = None) -> Block:
    """Sets what the reads of the code inside may see.

    ``"eventual"``: any replica, also after a write; with ``max_lag``, one that is known to be at most
    so many seconds behind, else the primary. ``"session"``: what this unit of work wrote is seen.
    ``"strong"``: primaries only. Inside a transaction reads stay on its database whatever is said
    here. Raises ``UnknownConsistencyError`` and ``InvalidLagError``.
    """
    chosen = conf.level(level, place="fleet.consistency()")
    if max_lag is None:
        return Block(consistency=chosen, max_lag_s=None)
    if chosen != "eventual":
        raise InvalidLagError(f'max_lag={max_lag!r} beside "{chosen}"')
    if not conf.is_amount(max_lag):
        raise InvalidLagError(f"max_lag={max_lag!r}")
    return Block(consistency=chosen, max_lag_s=float(max_lag))


def read_only() -> Block:
    """Refuses every write and row lock of the code inside, on any database, with ``ReadOnlyError``.

    The refusal comes before the statement reaches a server. Statements of a driver's own cursor and
    functions that write behind a ``SELECT`` are not seen.
    """
    return Block(read_only=True)


def limits(*, rows: int | None = None, bytes: int | None = None) -> Block:  # noqa: A002
    """Sets how much each query of the code inside may carry between databases.

    ``rows`` stands in place of ``FLEET["MAX_SHIPPED_ROWS"]``, ``bytes`` in place of
    ``FLEET["MAX_SHIPPED_BYTES"]``; what is not given stays as it is around the block. What counts is
    where a query runs: a queryset that is built inside and evaluated outside has the limits outside.
    A query that needs more raises ``FederationLimitError`` and returns nothing. Raises
    ``InvalidLimitError`` at once for anything but whole numbers, 0 or more.
    """
    given = {"rows": rows, "bytes": bytes}
    chosen = {f"max_{unit}": limit for unit, limit in given.items() if limit is not None}
    if not chosen:
        raise InvalidLimitError("neither rows= nor bytes=")
    for unit, limit in given.items():
        if limit is not None and not conf.is_count(limit):
            raise InvalidLimitError(f"{unit}={limit!r}")
    return Block(**chosen)


def unit_of_work() -> UnitBlock:
    """Makes the code inside one unit of work: reads after a write in it see that write.

    The middleware does this for requests. Use it around each message of a worker's loop.
    """
    return UnitBlock()


def token() -> str:
    """What the running unit of work has written and read, as one signed text; ``""``: nothing.

    Give it to whatever works on: a task, another service, the next request. ``resume()`` takes it.
    Asks each primary that was written to where it stands, so call it after the commit; inside a
    transaction the token sends its holder to the primary. Needs ``SECRET_KEY``.
    """
    return issue(running_unit(), running().selection)


def resume(token: str) -> None:
    """Lets the running unit of work see at least what the holder of ``token`` has seen.

    Its reads go to replicas that show as much, else to the primary. ``""`` changes nothing; a token
    that was tampered with, or is not ours, sends reads to primaries. May be called several times:
    what was seen adds up. Opens no connection.
    """
    here = running()
    resume_token(running_unit(), token, here.selection, here.replicated)
