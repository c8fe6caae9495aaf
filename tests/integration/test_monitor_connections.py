"""Replicas that hang or die under connections that are checked, pooled, or not there yet."""

import threading
import time

import pytest
from django.db import DatabaseError, connections
from django.db.backends.postgresql.base import DatabaseWrapper as PostgreSQL

import django_fleet as fleet
from lab.shop.models import Tag
from lab.watched import QUICK, REPLICATED, begin, end, reader, timed, wait_for

MARGIN_S = 0.7
"""How much later than the deadline an answer may come on a machine that is busy."""


POOL = {"pool": {"min_size": 2, "max_size": 4}}


@pytest.fixture(autouse=True)
def _no_pool_is_left():
    """Django keeps pools by alias, and would hand them to the next test."""
    yield
    for pool in PostgreSQL._connection_pools.values():
        pool.close()
    PostgreSQL._connection_pools.clear()


def replicated(**replica):
    """The layout of a fleet whose replica has more settings."""
    return {**REPLICATED, "replica": {"REPLICA_OF": "default", **replica}}


@pytest.fixture
def frozen(lab_on):
    """Begins a fleet on a vendor, connects to its replica, lets the replica hang and reads."""
    labs = []

    def read(vendor, layout, *, prepare):
        lab = lab_on(vendor)
        labs.append(lab)
        with lab.fleet(layout, **QUICK):
            begin(lab)
            with fleet.unit_of_work():
                assert (Tag.objects.count(), Tag.objects.all().db) == (1, "replica")
            prepare(connections["replica"])
            lab.servers.replicas[0].freeze()
            thaw = threading.Timer(8, lab.servers.replicas[0].thaw)  # a test that fails has to end
            thaw.start()
            (answerer, rows), took_s = timed(reader)
            thaw.cancel()
            lab.servers.replicas[0].thaw()
            end()
            assert (answerer, rows) == ("default", 1)
            return took_s

    return read


def next_request(connection):
    """What Django does between requests."""
    connection.close_if_unusable_or_obsolete()


def next_request_after_an_error(connection):
    """The same, where a statement failed; it will check the connection at once."""
    connection.errors_occurred = True


@pytest.mark.parametrize("vendor", ["postgresql", "mariadb"])
def test_a_health_check_of_a_server_that_hangs_is_cut_off(frozen, vendor):
    """CONN_HEALTH_CHECKS asks outside of everything that Django surrounds with its error handling."""
    layout = replicated(CONN_HEALTH_CHECKS=True, CONN_MAX_AGE=None)
    took_s = frozen(vendor, layout, prepare=next_request)
    assert took_s < QUICK["READ_DEADLINE_S"] + MARGIN_S


@pytest.mark.parametrize("vendor", ["postgresql", "mariadb"])
def test_a_read_that_has_to_connect_to_a_server_that_hangs_goes_elsewhere(frozen, vendor):
    """Nobody but the driver has its socket."""
    took_s = frozen(vendor, replicated(CONN_MAX_AGE=0), prepare=lambda each: each.close())
    assert took_s < QUICK["READ_DEADLINE_S"] + MARGIN_S


@pytest.mark.parametrize("options", [{}, {"CONN_HEALTH_CHECKS": True}], ids=["plain", "checked"])
def test_a_pool_of_a_server_that_hangs_is_left(frozen, options):
    """Its connections are there, and nobody answers on them."""
    layout = replicated(CONN_MAX_AGE=0, **options)
    layout["replica"]["OPTIONS"] = POOL
    took_s = frozen("postgresql", layout, prepare=lambda each: each.close())
    assert took_s < QUICK["READ_DEADLINE_S"] + MARGIN_S


def test_an_empty_pool_of_a_dead_server_keeps_nobody_waiting(lab_on):
    """By itself it would go on trying to connect for half a minute."""
    lab = lab_on("postgresql")
    layout = replicated(CONN_MAX_AGE=0, OPTIONS={"pool": {"min_size": 1, "max_size": 1}})
    with lab.fleet(layout, **{**QUICK, "MONITOR_S": 0, "OFFLINE_S": 0.01}):
        lab.create_tables(Tag)
        Tag.objects.using("default").create(name="a")
        lab.catch_up()
        with fleet.unit_of_work():
            assert (Tag.objects.count(), Tag.objects.all().db) == (1, "replica")
        connections["replica"].close()
        lab.servers.replicas[0].kill()
        took_s = []
        for _ in range(2):  # the first one gets the connection that was there
            (answerer, rows), each_s = timed(reader)
            took_s.append(each_s)
            assert (answerer, rows) == ("default", 1)
            time.sleep(0.02)
        assert max(took_s) < QUICK["READ_DEADLINE_S"] + MARGIN_S
        lab.servers.replicas[0].restart()


def test_pools_lead_to_the_new_primary_after_a_promotion(lab_on):
    """Of both aliases, in threads that hold connections and in those that come later."""
    lab = lab_on("postgresql")
    pool = {"CONN_MAX_AGE": 0, "OPTIONS": {"pool": {"min_size": 1, "max_size": 4, "timeout": 2}}}
    layout = {"default": pool, "replica": {"REPLICA_OF": "default", **pool}}
    errors, done, is_over = [], [], threading.Event()

    def work():
        while not is_over.is_set():
            try:
                with fleet.unit_of_work():
                    name = f"t{len(done)}"
                    Tag.objects.create(name=name)
                    token = fleet.token()
                with fleet.unit_of_work():
                    fleet.resume(token)
                    assert Tag.objects.filter(name=name).exists()
                done.append(time.monotonic())
            except DatabaseError:
                errors.append(time.monotonic())
                is_over.wait(0.05)
            finally:
                connections.close_all()

    with lab.fleet(layout, **QUICK):
        begin(lab)
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(done) > 5, "they write")
        new = lab.servers.replicas[0]
        lab.servers.primary.kill()
        lab.servers.promote(new)
        wait_for(lambda: connections.settings["default"]["PORT"] == str(new.port), "it is followed")
        followed_at = time.monotonic()
        wait_for(lambda: sum(at > followed_at for at in done) > 10, "they write again")
        is_over.set()
        for thread in threads:
            thread.join(30)
        assert not [at for at in errors if at > followed_at + 3]
        connections.close_all()
        with fleet.unit_of_work():
            Tag.objects.create(name="later")
            assert Tag.objects.filter(name="later").exists()
        end()
