"""Statement B6: a run with nothing to migrate asks little, and still makes what Django's own would make."""

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models.signals import post_migrate

from lab.commands import fleet_json, run
from lab.fleets import statements, tables

TWO = {"default": {}, "north": {}}


def kinds(alias):
    return set(ContentType.objects.using(alias).values_list("app_label", "model"))


def rights(alias):
    names = "content_type__app_label", "content_type__model", "codename"
    return set(Permission.objects.using(alias).values_list(*names))


@pytest.fixture
def done(lab):
    """Two databases that have every migration."""
    with lab.fleet(TWO):
        run("fleet", "migrate")
        yield


@pytest.mark.usefixtures("done")
def test_b6_content_types_and_permissions_are_asked_for_once():
    """One question for each, however many apps there are; nothing is written."""
    with statements() as found:
        fleet_json("migrate", "--jobs", "1")
    for alias in TWO:
        asked = [sql for each, sql in found if each == alias]
        assert sum("django_content_type" in sql for sql in asked) == 2
        assert sum("auth_permission" in sql for sql in asked) == 1
        assert not [sql for sql in asked if sql.startswith(("INSERT", "UPDATE", "DELETE"))]


@pytest.mark.usefixtures("done")
@pytest.mark.parametrize("model", [ContentType, Permission])
def test_b6_what_is_missing_is_made(model):
    """On the database where it is missing: what Django's own migrate would make."""
    before = {alias: (kinds(alias), rights(alias)) for alias in TWO}
    Permission.objects.using("north").filter(content_type__model="session").delete()
    if model is ContentType:  # without the cascade: not every table of a relation is there
        model.objects.using("north").filter(model="session")._raw_delete("north")
    assert (kinds("north"), rights("north")) != before["north"]
    found, error = fleet_json("migrate")
    assert error is None
    assert {each["state"] for each in found["databases"]} == {"up to date"}
    assert {alias: (kinds(alias), rights(alias)) for alias in TWO} == before


@pytest.mark.usefixtures("done")
def test_b6_other_receivers_hear_of_every_run():
    """In the order in which they were connected; and nothing is left behind in the signal."""
    heard = []

    def hear(using, **_kwargs):
        heard.append(using)

    post_migrate.connect(hear)
    try:
        fleet_json("migrate")
    finally:
        post_migrate.disconnect(hear)
    assert set(heard) == set(TWO)
    assert "_live_receivers" not in vars(post_migrate)


def test_b6_databases_without_permissions_are_left_to_django(lab):
    """Their apps live on another one: nothing is asked of them, nothing made."""
    with lab.fleet(TWO, PLACEMENT={"auth": "default", "contenttypes": "default"}):
        for _ in range(2):
            _, error = fleet_json("migrate")
            assert error is None
        assert "auth_permission" not in tables("north")
        assert len(rights("default")) > 10
