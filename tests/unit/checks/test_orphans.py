"""Relations over a boundary that nobody looks after; no database is asked."""

import pytest
from django.core.checks import WARNING

from django_fleet.checks.orphans import check_orphans
from lab.family.apart import AWAY, HERE
from lab.family.models import Child

LAYOUT = {"default": {}, "parents": {}}


class Broken:
    def db_for_write(self, model, **hints):
        raise RuntimeError("outside a request")


def test_do_nothing_over_a_boundary_is_reported(project):
    """With the field, both homes and the command that looks after it; other relations are silent."""
    with project(LAYOUT, FLEET={"PLACEMENT": AWAY}):
        (message,) = check_orphans()
    assert (message.id, message.level, message.obj) == ("fleet.W007", WARNING, Child)
    assert "family.Child.coded is DO_NOTHING" in message.msg
    assert "'parents'" in message.msg
    assert "fleet orphans" in message.hint


def test_do_nothing_at_home_is_not(project):
    """The database looks after it."""
    for home in ("default", "parents"):
        with project(LAYOUT, FLEET={"PLACEMENT": HERE | {"family": home}}):
            assert check_orphans() == []


@pytest.mark.parametrize(
    ("layout", "routers"),
    [
        ({"default": None, "parents": {}}, ["django_fleet.Router"]),
        ({"default": {}}, ["django_fleet.Router"]),
        (LAYOUT, [f"{__name__}.Broken"]),
    ],
)
def test_what_other_checks_say_is_not_said_twice(project, layout, routers):
    """A model without a home, an alias that is unknown, a router that raises."""
    with project(layout, routers=routers):
        assert check_orphans() == []
