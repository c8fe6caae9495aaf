"""Statement E6: writes that no statement gives away are read back, too.

The replica shows nothing new, so that a read that it answers is a read of the past.
"""

import pytest
from django.db import connection, transaction

import django_fleet as fleet
from django_fleet.errors import ReplicaWriteError
from lab.shop.models import Tag

REPLICATED = {"default": {}, "replica": {"REPLICA_OF": "default"}}
INSERT = "INSERT INTO shop_tag (name) VALUES ('a')"
FUNCTION = {
    "postgresql": f"CREATE FUNCTION leave() RETURNS int AS $$ {INSERT}; SELECT 1 $$ LANGUAGE sql",
    "mariadb": f"CREATE FUNCTION leave_it() RETURNS int DETERMINISTIC MODIFIES SQL DATA BEGIN {INSERT};"
    " RETURN 1; END",
}
CALL = {"postgresql": "SELECT leave()", "mariadb": "SELECT leave_it()"}
PROCEDURE = f"CREATE PROCEDURE leave_all() BEGIN {INSERT}; END"


@pytest.fixture
def held(lab):
    """A replica that shows nothing that is committed from now on, and functions that write."""
    with lab.fleet(REPLICATED, TOKEN_WAIT_MS=0):
        lab.create_tables(Tag)
        if lab.vendor in FUNCTION:
            name = connection.settings_dict["NAME"]
            lab.servers.primary.query(FUNCTION[lab.vendor], database=name)
        lab.catch_up()
        lab.servers.replicas[0].pause_replay()
        yield lab


def by_function(vendor):
    with connection.cursor() as cursor:
        cursor.execute(CALL[vendor])
        assert cursor.fetchone() == (1,)


def by_function_in_a_transaction(vendor):
    with transaction.atomic():
        by_function(vendor)


def by_copy(_vendor):
    with connection.cursor() as cursor, cursor.copy("COPY shop_tag (name) FROM STDIN") as copy:
        copy.write_row(["a"])


def by_stream(_vendor):
    with connection.cursor() as cursor:
        assert len(list(cursor.stream(f"{INSERT} RETURNING id"))) == 1


def by_driver_in_a_transaction(_vendor):
    with transaction.atomic():
        cursor = connection.connection.cursor()
        cursor.execute(INSERT)
        cursor.close()


WAYS = {
    "postgresql": (
        *(by_function, by_function_in_a_transaction, by_copy, by_stream),
        by_driver_in_a_transaction,
    ),
    "mariadb": (by_function, by_function_in_a_transaction, by_driver_in_a_transaction),
    "sqlite": (by_driver_in_a_transaction,),
}


def each_way(lab):
    """Each way to write in turn, with how many rows there are then."""
    yield from enumerate(WAYS[lab.vendor], start=1)


def test_e6_writes_that_no_statement_gives_away_are_read_back(held):
    """In the unit of work that made them, which had read the past before."""
    for rows, write in each_way(held):
        with fleet.unit_of_work():
            assert Tag.objects.count() == 0
            write(held.vendor)
            assert Tag.objects.count() == rows


def test_e6_they_are_in_the_token(held):
    """Of a unit of work that does nothing else."""
    for rows, write in each_way(held):
        with fleet.unit_of_work():
            write(held.vendor)
            token = fleet.token()
        with fleet.unit_of_work():
            fleet.resume(token)
            assert Tag.objects.count() == rows


@pytest.mark.parametrize("vendor", ["mariadb"])
def test_e6_a_procedure_counts_as_a_write(lab_on, vendor):
    """Whatever it does."""
    with lab_on(vendor).fleet(REPLICATED, TOKEN_WAIT_MS=0) as lab:
        lab.create_tables(Tag)
        with connection.cursor() as cursor:
            cursor.execute(PROCEDURE)
        lab.catch_up()
        lab.servers.replicas[0].pause_replay()
        with fleet.unit_of_work():
            assert Tag.objects.count() == 0
            with connection.cursor() as cursor:
                cursor.callproc("leave_all")
            assert Tag.objects.count() == 1


def test_e6_copy_is_looked_at_on_a_replica(lab_on):
    """Out of it rows may be copied, into it none."""
    from django.db import connections

    with lab_on("postgresql").fleet(REPLICATED) as lab:
        lab.create_tables(Tag)
        lab.catch_up()
        with connections["replica"].cursor() as cursor:
            with pytest.raises(ReplicaWriteError, match="COPY"):
                cursor.copy("COPY shop_tag (name) FROM STDIN")
            with cursor.copy("COPY shop_tag TO STDOUT") as copy:
                assert list(copy) == []
