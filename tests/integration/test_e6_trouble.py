"""The test kit in a project's own tests: lag and death of a mirror, and queries by role."""

import time

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connections, transaction
from django.test import Client

import django_fleet as fleet
from django_fleet import testing as fleet_testing
from django_fleet.context import UNIT
from django_fleet.errors import ConfigurationError, ReplicaWriteError
from django_fleet.routing.running import running
from lab.shop.models import Tag


@pytest.fixture(params=[0, 0.05], ids=["unwatched", "watched"])
def mirror(lab, request):
    """A primary and two replicas that are the same database, as Django's test runner makes them."""
    entries = lab.entries({"default": {}})
    for alias in ("replica-1", "replica-2"):
        entries[alias] = {**entries["default"], "REPLICA_OF": "default", "WEIGHT": 0}
    entries["replica-1"]["WEIGHT"] = 1
    with lab.project(entries, FLEET={"MONITOR_S": request.param, "TOKEN_WAIT_MS": 0}):
        lab.create_tables(Tag)
        UNIT.set(None)
        yield lab
        running().monitor.stop(wait=True)
        UNIT.set(None)


def read():
    """Who answers a session's next read, and how many rows there are."""
    return Tag.objects.all().db, Tag.objects.count()


def written():
    """The token of a session that wrote a row."""
    with fleet.unit_of_work():
        Tag.objects.create(name="new")
        return fleet.token()


def test_e6_a_replica_lags_where_a_test_wants_it(mirror):
    """Who has seen more is answered by the primary; who has not, by the replica; afterwards all."""
    before = written()
    with fleet_testing.lag("replica-1", 5):
        state = running().nodes.states["replica-1"]
        assert (state.name, state.lag_s) == ("healthy", 5.0)
        after = written()
        for token, expected in ((after, "default"), (before, "replica-1"), ("", "replica-1")):
            with fleet.unit_of_work():
                fleet.resume(token)
                assert read() == (expected, 2)
        time.sleep(0.3)  # a monitor would find out what is really the case
        assert running().nodes.states["replica-1"].lag_s == 5.0
    with fleet.unit_of_work():
        fleet.resume(after)
        assert read() == ("replica-1", 2)
    assert running().nodes.states["replica-1"].lag_s is None


def test_e6_lag_ends_with_time(mirror):
    """What was committed shows once the seconds are over."""
    with fleet_testing.lag("replica-1", 0):
        token = written()
        with fleet.unit_of_work():
            fleet.resume(token)
            assert read() == ("replica-1", 1)


def test_e6_a_new_connection_lags_too(mirror):
    """It is told where its server stands when it is opened."""
    with fleet_testing.lag("replica-1", 5):
        token = written()
        connections["replica-1"].close()
        with fleet.unit_of_work():
            fleet.resume(token)
            assert read() == ("default", 1)


def test_e6_too_much_lag_takes_a_replica_out(mirror):
    """As ``MAX_LAG_S`` says: also for reads that may see the past."""
    with fleet_testing.lag("replica-1", 31), fleet.unit_of_work():
        assert read() == ("default", 0)
        with fleet.consistency("eventual"):
            assert read() == ("default", 0)


def test_e6_a_replica_is_down_where_a_test_wants_it(mirror):
    """Its open connection too; the read moves on without an error, and the replica comes back."""
    with fleet.unit_of_work():
        assert read() == ("replica-1", 0)
    with fleet_testing.down("replica-1"):
        with fleet.unit_of_work():
            assert Tag.objects.count() == 0
            assert read() == ("default", 0)
            assert not running().nodes.is_online("replica-1")
        with pytest.raises(OperationalError):
            connections["replica-1"].ensure_connection()
    with fleet.unit_of_work():
        assert read() == ("replica-1", 0)


def test_e6_troubles_inside_each_other(mirror):
    """The inner one changes nothing of the outer one."""
    with fleet_testing.lag("replica-1", 5):
        token = written()
        with fleet_testing.down("replica-2"):
            with fleet.unit_of_work():
                fleet.resume(token)
                assert read() == ("default", 1)
        assert running().nodes.states["replica-1"].lag_s == 5.0
        with fleet.unit_of_work():
            assert read() == ("replica-1", 1)


def test_e6_a_trouble_ends_with_an_error_too(mirror):
    """As all blocks do."""
    entry = dict(connections.settings["replica-1"])
    for trouble in (
        lambda: fleet_testing.lag("replica-1", 5),
        lambda: fleet_testing.down("replica-1"),
    ):
        with pytest.raises(LookupError), trouble():
            raise LookupError
    assert connections.settings["replica-1"] == entry
    assert running().fleet.policy.monitor_s in {0, 0.05}
    token = written()
    with fleet.unit_of_work():
        fleet.resume(token)
        assert read() == ("replica-1", 1)


@pytest.mark.parametrize("alias", ["default", "nowhere"])
def test_e6_only_replicas_have_such_troubles(mirror, alias):
    """The text names them."""
    for trouble in (fleet_testing.lag(alias, 5), fleet_testing.down(alias)):
        with pytest.raises(ConfigurationError, match=r"'replica-1', 'replica-2'"), trouble:
            pass


LEVELS = {"*": "eventual", "shop.Tag": "session"}


def test_e6_a_read_that_moves_on_keeps_the_level_of_its_model(lab):
    """Whoever moves it does not know the model: it moves as a session's read."""
    entries = lab.entries({"default": {}})
    for alias in ("replica-1", "replica-2"):
        entries[alias] = {**entries["default"], "REPLICA_OF": "default"}
    with lab.project(entries, FLEET={"CONSISTENCY": LEVELS, "TOKEN_WAIT_MS": 0}):
        lab.create_tables(Tag)
        with fleet_testing.lag("replica-2", 5):
            token = written()
            with fleet.unit_of_work():
                fleet.resume(token)
                assert read() == ("replica-1", 1)
                with fleet_testing.down("replica-1"), fleet_testing.assert_queries(primary=1):
                    assert Tag.objects.count() == 1


def test_e6_queries_are_counted_by_role(mirror):
    """Of the ORM, raw ones, through the middleware; not what keeps a transaction."""
    with fleet_testing.assert_queries(primary=1, replica=2) as sent, fleet.unit_of_work():
        assert Tag.objects.count() == 0
        assert not Tag.objects.exists()
        with transaction.atomic():
            Tag.objects.create(name="new")
    assert [each.alias for each in sent] == ["replica-1", "replica-1", "default"]
    UNIT.set(None)
    with fleet_testing.assert_queries(replica=1):
        Client().get("/page/")
    with fleet_testing.assert_queries(primary=2), connections["default"].cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.execute("SELECT 2")
    with fleet_testing.assert_queries():
        pass


def test_e6_another_number_of_queries_fails_with_the_list(mirror):
    """Each statement with its database; an error inside is not hidden by it."""
    with pytest.raises(AssertionError) as failed:
        with fleet_testing.assert_queries(primary=1, replica=2), fleet.unit_of_work():
            Tag.objects.count()
    lines = str(failed.value).splitlines()
    assert lines[0] == "assert_queries(primary=1, replica=2): there were primary=0, replica=1."
    assert lines[1].startswith("1. replica-1 (replica): SELECT COUNT(*)")
    with pytest.raises(LookupError), fleet_testing.assert_queries(primary=1):
        raise LookupError
    assert not any(connection.execute_wrappers for connection in connections.all())


def test_f2_a_write_on_a_mirror_is_refused(mirror):
    """As on any replica: by the router, by the guard; and inside ``read_only()`` on any database."""
    with fleet_testing.assert_queries():
        with pytest.raises(ReplicaWriteError):
            Tag.objects.using("replica-1").create(name="x")
        with pytest.raises(ReplicaWriteError), connections["replica-1"].cursor() as cursor:
            cursor.execute("DELETE FROM shop_tag")


def test_e6_a_command_in_trouble(mirror):
    """``fleet status`` says that nobody answers."""
    with fleet_testing.down("replica-1"), pytest.raises(CommandError, match="replica-1"):
        call_command("fleet", "status")
