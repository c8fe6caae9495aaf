"""While Django's test databases stand in for the real ones: which replicas take part, and nobody looks.

A replica takes part where it is a mirror of the primary's test database and the test case names it. Where
it does not, the primary answers its reads: so a project that gets a replica keeps its tests as they are.
"""

from collections.abc import Collection

from django.db import connections

from django_fleet.context import UNIT
from django_fleet.routing.running import Running


def begin(running: Running, primary: str) -> None:
    """``primary`` is a test database from now on; its replicas may still show the real one.

    The monitor rests: servers drop no database that it is connected to, and a mirror has no lag.
    """
    if not running.is_in_tests:
        running.is_in_tests = True
        running.monitor.rest()
        running.put_in_hooks()
    if primary in running.replicated:
        replicas = running.fleet.cluster_of(primary).replicas
        _note(running, running.unlike_primary | {node.alias for node in replicas})


def mirror(running: Running, alias: str) -> None:
    """The replica ``alias`` shows the test database of its primary from now on."""
    _note(running, running.unlike_primary - {alias})


def let_go(running: Running, primary: str) -> None:
    """Nobody is connected to the test database of ``primary`` by other names: it is to go, or be copied."""
    running.monitor.stop(wait=True)
    if primary in running.replicated:
        for node in running.fleet.cluster_of(primary).replicas:
            connections[node.alias].close()


def enter_case(running: Running, named: Collection[str]) -> None:
    """A test case may use the databases ``named`` and no other; it goes on from nobody's reads."""
    forbidden = {alias for alias in running.primaries if alias not in named}
    running.nodes.barred = running.unlike_primary | forbidden
    work = UNIT.get()
    if work is not None and not work.is_declared:
        UNIT.set(None)


def leave_case(running: Running) -> None:
    """The test case is over."""
    running.nodes.barred = running.unlike_primary


def _note(running: Running, unlike_primary: frozenset[str]) -> None:
    """Replicas that do not show the test database of their primary; no test case runs now."""
    running.unlike_primary = running.nodes.barred = unlike_primary
