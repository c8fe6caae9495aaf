"""A replica that stands still behind its primary."""

from collections.abc import Iterator
from contextlib import contextmanager

import django_fleet as fleet
from django_fleet.context import UNIT
from lab.fleets import Lab
from lab.shop.models import Tag

REPLICATED = {"default": {}, "replica": {"REPLICA_OF": "default"}}


@contextmanager
def standing_still(lab, *models, **policy) -> Iterator[Lab]:
    """Inside, both show the tag ``old``, and what is written now stays away from the replica."""
    with lab.fleet(REPLICATED, TOKEN_WAIT_MS=0, **policy):
        lab.create_tables(Tag, *models)
        with fleet.unit_of_work():
            Tag.objects.create(name="old")
        lab.catch_up()
        UNIT.set(None)
        lab.servers.replicas[0].pause_replay()
        yield lab
