"""``python -m example.demo``: a tour of django-fleet on four databases, in the terminal.

Each step shows its own code, runs it, says which database answered and why, and checks its result.
The exit status is 0 only when every step was right.
"""

import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from example.nodes import Nodes, started
from example.project import prepare, set_up
from example.tour.evidence import Evidence
from example.tour.runner import run
from example.tour.screen import Screen, suitable_screen

LAYOUT = """\
default    the shop: catalogue, orders, users         ({shop})
replica    a replica of default                       ({shop})
analytics  page views                                 ({shop})
legacy     the customers of an old system             ({legacy})"""


def main(arguments: list[str] | None = None) -> int:
    """The exit status."""
    parser = ArgumentParser(prog="python -m example.demo", description=__doc__)
    parser.add_argument("--db", choices=["sqlite", "servers"], default="sqlite")
    options = parser.parse_args(arguments)
    screen = suitable_screen()
    with started(options.db) as nodes, tempfile.TemporaryDirectory() as folder:
        layout = LAYOUT.format(shop=nodes.shop.version, legacy=nodes.legacy.version)
        screen.begin("A shop on four databases", layout)
        set_up(options.db, Path(folder), nodes.connections)
        return 0 if _is_right(screen, nodes) else 1


def _is_right(screen: Screen, nodes: Nodes) -> bool:
    from django.db import connections  # noqa: PLC0415 -- after set_up()

    from example.tour.steps import ROUTE  # noqa: PLC0415 -- after set_up()

    prepare(screen.note)
    for connection in connections.all():
        connection.ensure_connection()
    try:
        return run(ROUTE, screen, _request(nodes), nodes)
    finally:
        connections.close_all()


def _request(nodes: Nodes) -> Callable[[Evidence], AbstractContextManager[None]]:
    """What surrounds each step: a unit of work of its own, with a replica that has caught up."""
    import django_fleet as fleet  # noqa: PLC0415 -- after set_up()
    from example.tour.recording import recording  # noqa: PLC0415 -- after set_up()

    @contextmanager
    def request(evidence: Evidence) -> Iterator[None]:
        nodes.catch_up()
        with fleet.unit_of_work(), recording(evidence):
            yield

    return request


if __name__ == "__main__":
    sys.exit(main())
