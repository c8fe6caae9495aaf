"""Where columns live that name their own database: by that name, or by the companion's own label."""

import pytest

import django_fleet as fleet
from django_fleet.relations.split.companions import companions_of
from django_fleet.routing.router import Router
from django_fleet.topology.placement import FIELD_USING, owner
from lab.people.models import Person

LAYOUT = {
    "default": {},
    "profiles": {},
    "records": {},
    "other": {},
    "copy": {"REPLICA_OF": "profiles"},
}
PROFILES = companions_of(Person)["profiles"]


@pytest.mark.parametrize(
    ("placement", "alias", "reason"),
    [
        ({}, "profiles", FIELD_USING),
        ({"people": "other"}, "profiles", FIELD_USING),
        ({"people.Person": "other"}, "profiles", FIELD_USING),
        (
            {"people.person_profiles": "other"},
            "other",
            'FLEET["PLACEMENT"]["people.person_profiles"]',
        ),
    ],
)
def test_the_home_of_a_companion(make_fleet, placement, alias, reason):
    """Placements of the app and of the model are about the rows."""
    home = make_fleet(LAYOUT, placement=placement).home(PROFILES)
    assert (home.alias, home.reason, home.is_placed) == (alias, reason, True)
    assert owner(PROFILES) is PROFILES


class Stubborn:
    """A router of the user that knows nothing of companions."""

    def db_for_read(self, model, **hints):
        return "other"

    db_for_write = db_for_read

    def allow_migrate(self, db, app_label, model_name=None, **hints):
        return db == "other"


def test_routing_asks_nobody_else(project):
    """Neither the user's routers nor a block; replicas serve reads."""
    ours = Router()
    ours.others = (Stubborn(),)
    with project(LAYOUT):
        assert ours.db_for_write(PROFILES) == "profiles"
        assert ours.db_for_write(Person) == "other"
        with fleet.using("other"), fleet.primary():
            assert ours.db_for_read(PROFILES) == "profiles"
        with fleet.consistency("eventual"):
            assert ours.db_for_read(PROFILES) == "copy"
        allowed = [
            alias
            for alias in LAYOUT
            if ours.allow_migrate(alias, "people", "Person_profiles", model=PROFILES)
        ]
        assert allowed == ["profiles"]
