"""Statement E6: who was shown something by a primary is shown no less afterwards, however it was read.

The replica shows nothing new, so that a read that it answers is a read of the past.
"""

import pytest
from django.db import connection, connections, transaction

import django_fleet as fleet
from lab.shop.models import Tag

REPLICATED = {"default": {}, "replica": {"REPLICA_OF": "default"}}


@pytest.fixture
def written(lab):
    """Somebody else has written a row, and the replica does not show it."""
    with lab.fleet(REPLICATED, TOKEN_WAIT_MS=0):
        lab.create_tables(Tag)
        lab.servers.replicas[0].pause_replay()
        with fleet.unit_of_work():
            Tag.objects.create(name="a")
        yield lab


def by_name():
    return Tag.objects.using("default").count()


def by_cursor():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM shop_tag")
        return cursor.fetchone()[0]


def by_commented_cursor():
    with connections["default"].cursor() as cursor:
        cursor.execute("/* report */ SELECT count(*) FROM shop_tag")
        return cursor.fetchone()[0]


def by_getting_what_is_there():
    return 0 if Tag.objects.get_or_create(name="a")[1] else 1


def by_manager():
    return Tag.objects.db_manager("default").count()


def by_raw_query():
    return len(list(Tag.objects.raw("SELECT * FROM shop_tag", using="default")))


def by_iterating():
    return len(list(Tag.objects.using("default").iterator()))


def in_a_transaction():
    with transaction.atomic():
        return Tag.objects.count()


WAYS = (
    by_name,
    by_cursor,
    by_commented_cursor,
    by_getting_what_is_there,
    by_manager,
    by_raw_query,
    by_iterating,
    in_a_transaction,
)

each_way = pytest.mark.parametrize("read", WAYS)


@pytest.mark.usefixtures("written")
def test_e6_a_replica_alone_would_show_the_past():
    """So that the other tests can fail."""
    with fleet.unit_of_work():
        assert Tag.objects.count() == 0


@each_way
@pytest.mark.usefixtures("written")
def test_e6_what_the_primary_showed_is_still_there_in_the_next_read(read):
    """In a unit of work that has read its replica before."""
    with fleet.unit_of_work():
        assert Tag.objects.count() == 0
        assert read() == 1
        assert Tag.objects.count() == 1


@each_way
@pytest.mark.usefixtures("written")
def test_e6_what_the_primary_showed_is_in_the_token(read):
    """Without a read that anything was routed for."""
    with fleet.unit_of_work():
        assert read() == 1
        token = fleet.token()
    with fleet.unit_of_work():
        fleet.resume(token)
        assert Tag.objects.count() == 1


@each_way
@pytest.mark.usefixtures("written")
def test_e6_outside_every_unit_of_work_too(read):
    """A script, a shell."""
    assert read() == 1
    assert Tag.objects.count() == 1


def test_e6_reads_that_ask_for_the_primary_by_the_settings_are_seen_by_blocks_that_do_not(lab):
    """Also after a block that has chosen a replica."""
    with lab.fleet(REPLICATED, TOKEN_WAIT_MS=0, CONSISTENCY="strong"):
        lab.create_tables(Tag)
        lab.servers.replicas[0].pause_replay()
        with fleet.unit_of_work():
            Tag.objects.create(name="a")
        with fleet.unit_of_work():
            with fleet.consistency("session"):
                assert Tag.objects.count() == 0
            assert Tag.objects.count() == 1
            with fleet.consistency("session"):
                assert Tag.objects.count() == 1


@pytest.mark.usefixtures("written")
def test_e6_what_a_unit_of_work_inside_has_seen_the_one_around_it_sees():
    """It is the same session that goes on."""
    with fleet.unit_of_work():
        assert Tag.objects.count() == 0
        with fleet.unit_of_work(), fleet.primary():
            assert Tag.objects.count() == 1
        assert Tag.objects.count() == 1


@pytest.mark.usefixtures("written")
def test_e6_code_after_a_unit_of_work_sees_what_was_written_in_it():
    """Also where no unit of work was begun around it."""
    with fleet.unit_of_work():
        Tag.objects.create(name="b")
    assert Tag.objects.count() == 2


@pytest.mark.usefixtures("written")
def test_e6_code_after_a_transaction_sees_what_a_unit_of_work_wrote_in_it():
    """Which ended before the commit."""
    with transaction.atomic():
        with fleet.unit_of_work():
            Tag.objects.create(name="b")
    assert Tag.objects.count() == 2
